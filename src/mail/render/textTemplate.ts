// The same content as the HTML part, in the same order; nothing is escaped, it is plain text.
export const TEXT_TEMPLATE = String.raw`<%= it.lead %>


<% if (it.calm !== null) { %>
<%= it.calm %>


<% } %>
<% if (it.bar !== null) { %>
[<%= '#'.repeat(Math.round(it.bar.filled / 5)).padEnd(20, '.') %>] <%= it.bar.label %>


<% } %>
<% for (const row of it.rows) { %>
<%= row.label %>: <%= row.value %>

<% } %>
<% for (const section of it.sections) { %>

<%= section.title %>

<% for (const paragraph of section.paragraphs) { %>
<%= paragraph %>

<% } %>
<% } %>

-- 
<%= it.sender %>

`;
