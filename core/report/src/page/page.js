'use strict';
// The tables behind the charts: unpacked when they are wanted, sorted, searched, and saved as CSV. Nothing leaves the page.

const AT_ONCE = 200;
const collator = new Intl.Collator(undefined, { numeric: true });
const unpacked = new Map();

// The table of an id: {columns: [{name, number}], rows: [[text or null]]}.
function table(id) {
  if (!unpacked.has(id)) unpacked.set(id, unpack(document.getElementById('data-' + id)));
  return unpacked.get(id);
}

async function unpack(data) {
  if (data.type === 'application/json') return JSON.parse(data.textContent);
  const bytes = Uint8Array.from(atob(data.textContent), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function grouped(text) {
  return /^\d+$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, ',') : text;
}

// What is not there comes last, whichever way it is sorted.
function compare(column, isNumber, direction) {
  return (one, other) => {
    const [a, b] = [one[column], other[column]];
    if (a === null || b === null) return (a === null) - (b === null);
    return direction * (isNumber ? Number(a) - Number(b) || collator.compare(a, b) : collator.compare(a, b));
  };
}

// As RFC 4180 has it: lines end in CR LF, and quotes stand where they are needed. Spreadsheets know UTF-8 by the mark at the
// beginning, and take text for a formula unless a quote stands before it.
function csv({ columns, rows }) {
  const quoted = text => /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  const safe = text => quoted(/^[=+\-@\t\r]/.test(text) ? "'" + text : text);
  const field = (text, column) => text === null ? '' : columns[column].number ? quoted(text) : safe(text);
  const lines = [columns.map(column => safe(column.name)), ...rows.map(row => row.map(field))];
  return '\ufeff' + lines.map(line => line.join(',') + '\r\n').join('');
}

// A name as far as a table's head has room for it.
function shortened(name) {
  const letters = [...name];
  return letters.length > 60 ? letters.slice(0, 60).join('') + '…' : name;
}

async function save(id) {
  const url = URL.createObjectURL(new Blob([csv(await table(id))], { type: 'text/csv' }));
  const link = element('a', { href: url, download: id + '.csv' });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

function show(place, id, { columns, rows }) {
  let found = rows;
  let shown = AT_ONCE;
  let sorted = { column: -1, direction: 1 };
  const search = element('input', { type: 'search', autocomplete: 'off' });
  const status = element('span', { className: 'soft', role: 'status' });
  const more = element('button', { type: 'button', textContent: 'Show more' });
  const body = element('tbody');
  const heads = columns.map(({ name, number }, column) => {
    const sort = element('button', { type: 'button' }, element('bdi', { textContent: shortened(name) }));
    const head = element('th', { scope: 'col', className: number ? 'number' : '' }, sort);
    sort.addEventListener('click', () => {
      // Numbers first from the greatest, text from its beginning.
      const first = number ? -1 : 1;
      sorted = { column, direction: sorted.column === column ? -sorted.direction : first };
      update();
    });
    return head;
  });

  function cell(text, column) {
    const value = element('bdi', { textContent: text === null ? '' : columns[column].number ? grouped(text) : text });
    if (column > 0) return element('td', { className: columns[column].number ? 'number' : '' }, value);
    return element('th', { scope: 'row' }, value);
  }

  function draw() {
    body.replaceChildren(...found.slice(0, shown).map(row => element('tr', {}, ...row.map(cell))));
    more.hidden = found.length <= shown;
    const drawn = Math.min(shown, found.length);
    status.textContent = `${grouped(String(drawn))} of ${grouped(String(found.length))} rows`;
  }

  function update() {
    const wanted = search.value.normalize('NFKC').toLowerCase();
    found = rows.filter(row => row.some(text => text !== null && text.normalize('NFKC').toLowerCase().includes(wanted)));
    const { column, direction } = sorted;
    if (column >= 0) found = [...found].sort(compare(column, columns[column].number, direction));
    heads.forEach((head, place) => {
      if (place === column) head.setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    });
    shown = AT_ONCE;
    draw();
  }

  search.addEventListener('input', update);
  more.addEventListener('click', () => { shown += AT_ONCE; draw(); });
  const full = element('table', {}, element('thead', {}, element('tr', {}, ...heads)), body);
  const scroll = element('div', { className: 'scroll', tabIndex: 0 }, full);
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', 'Rows of ' + id);
  place.replaceChildren(element('div', { className: 'tools' }, element('label', {}, 'Search ', search), status), scroll, more);
  draw();
}

const canUnpack = typeof DecompressionStream === 'function';
const hasAll = id => canUnpack || document.getElementById('data-' + id).type === 'application/json';
for (const details of document.querySelectorAll('details[data-id]')) {
  const id = details.dataset.id;
  if (hasAll(id)) {
    details.addEventListener('toggle', async () => {
      const place = details.querySelector('.rows');
      if (details.open && !place.dataset.shown) {
        place.dataset.shown = 'yes';
        show(place, id, await table(id));
      }
    });
  }
}
for (const button of document.querySelectorAll('button[data-csv]')) {
  button.hidden = !hasAll(button.dataset.csv);
  button.addEventListener('click', () => save(button.dataset.csv));
}
