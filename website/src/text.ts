/**
 * Characters that cannot be seen, or that change how the text beside them is
 * read: controls, direction marks, joiners, private use, line separators and the
 * letters that are blank.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]/u;
const allUnseen = new RegExp(unseen, "gu");
const piled = /\p{M}{5,}/u;
const allPiled = /(\p{M}{4})\p{M}+/gu;
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Code units that a character as a reader sees it may have, on average. */
const unitsEach = 4;

/** Says what is wrong with a line of text that others are shown; undefined when nothing is. */
export function lineProblem(text: string, max: number): string | undefined {
  if (text.length > max * unitsEach || [...segmenter.segment(text)].length > max)
    return `may have ${max} characters at most`;
  if (unseen.test(text)) return "cannot have control, direction or invisible characters";
  if (piled.test(text)) return "cannot have this many accents on one letter";
  return undefined;
}

/** Returns text of others as one line that is safe to look at: rows from elsewhere can hold anything. */
export function shown(text: string, max = 80): string {
  // What is far too long is cut before it is looked at.
  const line = text
    .slice(0, max * unitsEach * 2)
    .replace(/\s/g, " ")
    .replace(allUnseen, "")
    .replace(allPiled, "$1")
    .trim();
  let kept = "";
  let count = 0;
  for (const { segment } of segmenter.segment(line)) {
    if (count++ === max || kept.length + segment.length > max * unitsEach) return `${kept}…`;
    kept += segment;
  }
  return text.length > max * unitsEach * 2 ? `${kept}…` : kept;
}

/** The first line of a text for the log. */
export function logLine(text: string): string {
  return shown(text.trimStart().split("\n", 1)[0] ?? "", 300);
}
