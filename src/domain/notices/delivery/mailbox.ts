const MAX_LENGTH = 254;
// A dot-atom of RFC 5321: no quoting, no comments, no second address.
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
// Letters, digits, dots and hyphens of any script: everything else has a meaning in a URL or a header.
const DOMAIN_CHARACTERS = /^[\p{L}\p{M}\p{N}.-]+$/u;

/**
 * The one mailbox that `raw` names, fit for an SMTP envelope (an internationalised domain as punycode), or `null`
 * when it is anything else: a list, a display name, a control character, over 254 characters.
 */
export function mailbox(raw: string): string | null {
  const text = raw.trim();
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  if (local.length > 64 || !LOCAL_PART.test(local)) return null;
  const domain = asciiDomain(text.slice(at + 1));
  if (domain === null) return null;
  const address = `${local}@${domain}`;
  return address.length <= MAX_LENGTH ? address : null;
}

function asciiDomain(domain: string): string | null {
  if (domain.length > MAX_LENGTH || !DOMAIN_CHARACTERS.test(domain)) return null;
  const ascii = /^[\x20-\x7e]*$/.test(domain) ? domain : punycode(domain);
  if (ascii === null || ascii.length > 253) return null;
  const labels = ascii.split('.');
  // A numeric last label is an IP address in the wrong clothes.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return null;
  return labels.every((label) => LABEL.test(label)) ? ascii : null;
}

function punycode(domain: string): string | null {
  const url = `http://${domain}`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
