import { Eta } from 'eta';
import type { Content } from './content.js';
import { HTML_TEMPLATE } from './htmlTemplate.js';
import { TEXT_TEMPLATE } from './textTemplate.js';

const html = new Eta({ autoEscape: true });
const text = new Eta({ autoEscape: false });
html.loadTemplate('@notice', HTML_TEMPLATE);
text.loadTemplate('@notice', TEXT_TEMPLATE);

/** The two parts of a message, of equal content. */
export function partsOf(content: Content): { readonly html: string; readonly text: string } {
  return { html: html.render('@notice', content), text: text.render('@notice', content) };
}
