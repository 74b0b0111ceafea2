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

/** Returns how long it is until then, "42 minutes"; never less than a minute. */
export function timeLeft(until: string, now: number): string {
  const minutes = Math.max(1, Math.ceil((new Date(until).getTime() - now) / 60_000));
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
