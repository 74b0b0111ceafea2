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

/** Names the program behind a User-Agent, "Firefox on Linux". */
export function deviceName(userAgent: string | null | undefined): string {
  const text = userAgent ?? "";
  const find = (list: ReadonlyArray<readonly [RegExp, string]>) =>
    list.find(([known]) => known.test(text))?.[1];
  const browser = find(browsers);
  const system = find(systems);
  if (browser !== undefined && system !== undefined) return `${browser} on ${system}`;
  return browser ?? system ?? "Another program";
}
