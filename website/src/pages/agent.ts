const browsers: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bEdg\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\//, "Firefox"],
  [/\bHeadlessChrome\/|\bChrome\//, "Chrome"],
  [/\bSafari\//, "Safari"],
  [/waystone-launcher/i, "Launcher"],
];
const systems: ReadonlyArray<readonly [RegExp, string]> = [
  [/Windows/, "Windows"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X/, "macOS"],
  [/Android/, "Android"],
  [/Linux/, "Linux"],
];

const find = (text: string, list: ReadonlyArray<readonly [RegExp, string]>) =>
  list.find(([known]) => known.test(text))?.[1];

/** Names the system behind a User-Agent, "Linux". */
export function systemName(userAgent: string | null | undefined): string | undefined {
  return find(userAgent ?? "", systems);
}

/** Names the program behind a User-Agent, "Firefox on Linux". */
export function deviceName(userAgent: string | null | undefined): string {
  const text = userAgent ?? "";
  const browser = find(text, browsers);
  const system = find(text, systems);
  if (browser !== undefined && system !== undefined) return `${browser} on ${system}`;
  return browser ?? system ?? "Another program";
}
