const zone = "UTC";
const dateTime = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: zone,
});

/** Returns a time as "25 Nov 2026, 10:30 UTC". */
export function when(time: Date | string): string {
  return `${dateTime.format(new Date(time))} ${zone}`;
}

/** Returns a number of seconds as "40 seconds" or "3 minutes". */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return whole === 1 ? "1 second" : `${whole} seconds`;
  const minutes = Math.ceil(whole / 60);
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}

/** Returns how long ago something was, "3 minutes ago". */
export function ago(time: string, now: number): string {
  const seconds = Math.floor((now - new Date(time).getTime()) / 1000);
  if (seconds < 1) return "just now";
  if (seconds < 60) return `${duration(seconds)} ago`;
  return `${duration(Math.floor(seconds / 60) * 60)} ago`;
}

/** Returns how long it is until then, "42 minutes"; never less than a minute. */
export function timeLeft(until: string, now: number): string {
  const minutes = Math.max(1, Math.ceil((new Date(until).getTime() - now) / 60_000));
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
