// Days as texts like "2026-11-27", all of UTC; a range holds its first and its last day.

const DAY_MS = 86_400_000;

const number = (day) => Math.round(Date.parse(`${day}T00:00:00Z`) / DAY_MS);
const text = (count) => new Date(count * DAY_MS).toISOString().slice(0, 10);
const within = (count, { first, last }) => Math.min(Math.max(count, number(first)), number(last));

/** The day at a share (0 to 1) of the way from the first day's beginning to the last day's end. */
export function dayAt(share, days) {
  const length = number(days.last) - number(days.first) + 1;
  return text(within(number(days.first) + Math.floor(share * length), days));
}

/** The share of the way at which a day begins (`after` days later). */
export function xOf(day, days, after = 0) {
  const length = number(days.last) - number(days.first) + 1;
  return (number(day) + after - number(days.first)) / length;
}

/**
 * The range that a drag makes of the one before.
 * @param {{grip: "from"|"to"|"move"|"new", before: {from: string, to: string}, at: string, now: string, days: object}} drag
 */
export function draggedRange({ grip, before, at, now, days }) {
  if (grip === "move") {
    const length = number(before.to) - number(before.from);
    const least = number(days.first);
    const most = Math.max(least, number(days.last) - length);
    const from = Math.min(Math.max(number(before.from) + number(now) - number(at), least), most);
    return { from: text(from), to: text(from + length) };
  }
  const fixed = { from: before.to, to: before.from, new: at }[grip];
  return fixed < now ? { from: fixed, to: now } : { from: now, to: fixed };
}
