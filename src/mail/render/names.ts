// Controls, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates, tag characters,
// zero-width spaces and the byte order mark. Joiners stay: scripts and emoji need them.
const HARMFUL =
  /[\p{Cc}\u2028\u2029\u200b\u200e\u200f\u061c\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]+/gu;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `text` cut to `max` UTF-16 units, between what a reader sees as characters, with an ellipsis where it was cut. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (kept.length + segment.length > max - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/**
 * A name from the platform as harmless text on one line, at most `max` UTF-16 units: nothing in it can break a header,
 * turn the direction of the text around it or hide. Escaping for HTML is the template's.
 */
export function plainName(name: string, max = 100): string {
  return truncate(name.toWellFormed().replace(HARMFUL, ' ').replace(/\s+/gu, ' ').trim(), max);
}
