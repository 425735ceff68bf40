// Layout by tables and widths, since mail programs know little else; no image, font or address is fetched from
// anywhere. Colours keep a contrast of at least 4.5 to 1 in both schemes. Everything between <%= %> is escaped.
export const HTML_TEMPLATE = String.raw`<!doctype html>
<html lang="<%= it.lang %>" dir="<%= it.dir %>">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title><%= it.subject %></title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body, table, td, th, p, h1, h2 { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
td, th, p, h1, h2 { overflow-wrap: anywhere; word-break: break-word; }
@media (max-width: 480px) {
  .card { padding: 20px 16px !important; }
  .label, .value { display: block !important; width: auto !important; }
  .label { padding-bottom: 0 !important; border-bottom: 0 !important; }
  .value { padding-top: 2px !important; }
}
@media (prefers-color-scheme: dark) {
  .page { background: #111418 !important; }
  .card { background: #1b2027 !important; border-color: #3a424d !important; }
  .strong { color: #f3f5f7 !important; }
  .soft { color: #b8c1cc !important; }
  .line { border-color: #3a424d !important; }
  .filled { background: #f0a53a !important; }
  .free { background: #3a424d !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f7;">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;"><%= it.preheader %></div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f2f4f7;">
<tr><td align="center" style="padding:24px 12px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;width:100%;">
<tr><td class="card" style="background:#ffffff;border:1px solid #d5dae1;border-radius:8px;padding:28px 32px;">
<h1 class="strong" dir="auto" style="margin:0 0 12px;font-size:20px;line-height:28px;font-weight:600;color:#1a2129;"><%= it.lead %></h1>
<% if (it.calm !== null) { %>
<p class="soft" style="margin:0 0 16px;font-size:15px;line-height:23px;color:#4a5563;"><%= it.calm %></p>
<% } %>
<% if (it.bar !== null) { %>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 6px;border-radius:6px;overflow:hidden;">
<tr>
<% if (it.bar.filled > 0) { %>
<td class="filled" width="<%= it.bar.filled %>%" height="12" style="width:<%= it.bar.filled %>%;height:12px;line-height:12px;font-size:1px;background:#b45309;">&nbsp;</td>
<% } %>
<% if (it.bar.filled < 100) { %>
<td class="free" height="12" style="height:12px;line-height:12px;font-size:1px;background:#d5dae1;">&nbsp;</td>
<% } %>
</tr>
</table>
<p class="soft" style="margin:0 0 18px;font-size:13px;line-height:20px;color:#4a5563;"><%= it.bar.label %></p>
<% } %>
<table width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 8px;border-collapse:collapse;">
<% for (const row of it.rows) { %>
<tr>
<th scope="row" class="label soft line" align="start" valign="top" width="34%" style="width:34%;text-align:start;font-weight:400;font-size:14px;line-height:22px;padding:7px 12px 7px 0;color:#4a5563;border-bottom:1px solid #d5dae1;"><%= row.label %></th>
<td class="value strong line" valign="top" dir="auto" style="text-align:start;font-size:14px;line-height:22px;padding:7px 0;color:#1a2129;border-bottom:1px solid #d5dae1;"><%= row.value %></td>
</tr>
<% } %>
</table>
<% for (const section of it.sections) { %>
<h2 class="strong" style="margin:20px 0 6px;font-size:16px;line-height:24px;font-weight:600;color:#1a2129;"><%= section.title %></h2>
<% for (const paragraph of section.paragraphs) { %>
<p class="soft" dir="auto" style="margin:0 0 8px;font-size:14px;line-height:22px;color:#4a5563;"><%= paragraph %></p>
<% } %>
<% } %>
</td></tr>
<tr><td class="soft" align="center" style="padding:16px;font-size:12px;line-height:18px;color:#4a5563;"><%= it.sender %></td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
