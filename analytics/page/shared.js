'use strict';
// What the pages share: values as people read them, elements, tables with their rows as CSV, colours. Names
// come from ledgers and may be hostile: they reach a page as text nodes and labels, never as markup.

// ---- Values: a number, a text, true or false, null, or an exact amount [raw, decimals, symbol] ----

const is_amount = (cell) => Array.isArray(cell);
const number = (cell) => is_amount(cell) ? Number(cell[0]) / 10 ** cell[1] : typeof cell === 'number' ? cell : NaN;

function grouped(value, decimals) {
    return value.toLocaleString('en-US', {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
}
/** Four significant digits, no more than needed. */
function plain(value) {
    const size = Math.abs(value);
    if (size !== 0 && size < 1e-9)
        return value.toPrecision(3);
    const decimals = size === 0 || size >= 1000 ? 0 : size >= 10 ? 2 : Math.min(3 - Math.floor(Math.log10(size)), 12);
    return value.toLocaleString('en-US', {maximumFractionDigits: decimals});
}
function compact(value) {
    const size = Math.abs(value);
    if (size >= 1e15) return value.toPrecision(3);
    if (size >= 1e9) return grouped(value / 1e9, 2) + 'B';
    if (size >= 1e7) return grouped(value / 1e6, 2) + 'M';
    return plain(value);
}
function dollars(value) {
    const size = Math.abs(value);
    return (value < 0 ? '-$' : '$') + (size >= 1 && size < 1000 ? grouped(size, 2) : compact(size));
}
function percent(share) {
    const value = share * 100;
    const size = Math.abs(value);
    return value === 0 ? '0%' : grouped(value, size >= 0.95 ? 1 : size >= 0.095 ? 2 : 4) + '%';
}
function duration(seconds) {
    if (Math.abs(seconds) < 120) return plain(seconds) + ' s';
    const minutes = Math.floor(seconds / 60);
    if (minutes < 120) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
function moment(seconds) {
    const date = new Date(seconds * 1000);
    return isNaN(date) ? String(seconds) : date.toISOString().slice(0, 19).replace('T', ' ');
}
const shown_number = {
    none: plain,
    count: (value) => grouped(value, Number.isInteger(value) ? 0 : 1),
    share: percent,
    bar: percent,
    usd: dollars,
    usd_price: dollars,
    gwei: (value) => plain(value) + ' gwei',
    gas: compact,
    seconds: duration,
    ratio: (value) => 'x' + plain(value),
    per_second: (value) => plain(value) + '/s',
    unix_time: moment,
};
/** A value as people read it. */
function shown(cell, unit) {
    if (cell === null || cell === undefined) return '–';
    if (cell === true) return 'yes';
    if (cell === false) return 'no';
    if (typeof cell === 'string') return cell;
    if (is_amount(cell)) return cell[2] === 'USD' ? dollars(number(cell)) : `${compact(number(cell))} ${cell[2]}`;
    // A plain integer (a seed) is a name, not a quantity.
    return unit === 'none' && Number.isInteger(cell) ? String(cell) : shown_number[unit](cell);
}
/** Short, for axes. */
function tick(value, unit) {
    const size = Math.abs(value);
    const short = size >= 1e9 ? plain(value / 1e9) + 'B' : size >= 1e6 ? plain(value / 1e6) + 'M'
        : size >= 1e4 ? plain(value / 1e3) + 'k' : plain(value);
    if (unit === 'share' || unit === 'bar') return plain(value * 100) + '%';
    if (unit === 'usd' || unit === 'usd_price') return short.startsWith('-') ? '-$' + short.slice(1) : '$' + short;
    if (unit === 'ratio') return 'x' + short;
    // On axes: whole hours and days.
    if (unit === 'seconds') return duration(value).replace(/ 0 (h|min)$/, '');
    return short;
}

// ---- Elements ----

/** An element with attributes and children; children that are no elements become text. */
function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes))
        element.setAttribute(name, value);
    element.append(...children);
    return element;
}

// ---- Which rows of a table are shown: all of them, or those that a page's filter leaves ----

const no_filter = {rows: (table) => table.rows, on_change: () => {}};
const nothing_left = 'Nothing here is left by the filter.';
const is_same = (a, b) => a.length === b.length && a.every((row, i) => row === b[i]);

// ---- CSV: as --csv writes it, an exact amount in two columns ----

const quoted = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
function csv(table, rows) {
    const exact = table.columns.map((_, i) => table.rows.some((row) => is_amount(row[i])));
    const line = (cells) => cells.join(',') + '\n';
    const text = (cell) => cell === null ? '' : is_amount(cell) ? String(number(cell)) : quoted(String(cell));
    const head = table.columns.flatMap(({key}, i) => exact[i] ? [key + '_raw', key] : [key]);
    return line(head) + rows.map((row) => line(row.flatMap(
        (cell, i) => exact[i] ? [is_amount(cell) ? cell[0] : '', text(cell)] : [text(cell)]))).join('');
}
function csv_link(name, table, filter = no_filter) {
    const link = make('a', {download: `${name}.csv`, class: 'csv'}, 'Rows as CSV');
    let rows = null;
    const fill = () => {
        const left = filter.rows(table);
        if (rows !== null && is_same(rows, left))
            return;
        rows = left;
        if (link.href)
            URL.revokeObjectURL(link.href);
        link.href = URL.createObjectURL(new Blob([csv(table, rows)], {type: 'text/csv'}));
        link.title = rows.length === table.rows.length ? `${rows.length} rows`
            : `${rows.length} of ${table.rows.length} rows: those that the filter leaves`;
    };
    fill();
    filter.on_change(fill);
    return make('span', {class: 'links'}, link);
}

// ---- Tables ----

const columns_of = (table) => Object.fromEntries(table.columns.map(({key}, i) => [key, i]));
const is_number = (cell) => is_amount(cell) || typeof cell === 'number';

function cell_of(value, column, numeric) {
    const cell = make('td', {class: numeric ? 'number' : 'text'});
    if (column.unit === 'bar' && typeof value === 'number') {
        const bar = make('span', {class: 'bar'});
        bar.style.width = `${Math.max(0, Math.min(1, value)) * 5}rem`;
        cell.append(bar, ' ');
    }
    const text = shown(value, column.unit);
    if (column.press) {
        const button = make('button', {type: 'button', class: 'press'}, text);
        button.addEventListener('click', () => column.press(value));
        cell.append(button);
    } else {
        cell.append(text);
    }
    if (typeof value === 'boolean')
        cell.classList.add(value ? 'yes' : 'no');
    return cell;
}

/** Sortable by each column; the first rows, and all on demand. A column's `press` is called with a cell's value. */
function table_view(table, filter = no_filter) {
    const visible = table.columns.map((column, i) => ({...column, i})).filter(({label}) => label);
    const numeric = new Map(visible.map(({i}) => [i, table.rows.some((row) => is_number(row[i]))]));
    const body = make('tbody');
    const more = make('button', {class: 'more', type: 'button'});
    let left = filter.rows(table);
    let in_order = (rows) => rows;
    let wants_all = false;
    const fill = () => {
        const rows = in_order(left);
        const all = wants_all || rows.length <= table.shown + 3;
        body.replaceChildren(...rows.slice(0, all ? rows.length : table.shown).map((row) => make('tr', {},
            ...visible.map((column) => cell_of(row[column.i], column, numeric.get(column.i))))));
        if (!rows.length)
            body.append(make('tr', {}, make('td', {class: 'quiet', colspan: visible.length}, nothing_left)));
        more.textContent = all ? '' : `Show all ${grouped(rows.length, 0)} rows`;
        more.hidden = all;
    };
    filter.on_change(() => {
        const now = filter.rows(table);
        if (!is_same(left, now)) {
            left = now;
            fill();
        }
    });
    more.addEventListener('click', () => { wants_all = true; fill(); });
    const heads = visible.map(({label, i}) => {
        const head = make('th', {scope: 'col', class: numeric.get(i) ? 'number' : 'text'},
            make('button', {type: 'button'}, label));
        head.addEventListener('click', () => {
            const down = head.getAttribute('aria-sort') === 'ascending' ||
                (numeric.get(i) && !head.hasAttribute('aria-sort'));
            heads.forEach((other) => other.removeAttribute('aria-sort'));
            head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
            const order = (a, b) => numeric.get(i) ? number(a[i]) - number(b[i]) : String(a[i]).localeCompare(String(b[i]));
            const unknown = (row) => numeric.get(i) ? isNaN(number(row[i])) : row[i] === null;
            in_order = (rows) => [...rows].sort((a, b) => unknown(a) - unknown(b) ||
                (unknown(a) ? 0 : down ? order(b, a) : order(a, b)));
            fill();
        });
        return head;
    });
    fill();
    const view = make('div', {class: 'scroll'}, make('table', {}, make('thead', {}, make('tr', {}, ...heads)), body));
    const parts = [view, more];
    if (table.left_out)
        parts.push(make('p', {class: 'quiet'},
            `${grouped(table.left_out, 0)} more rows are not in this page; runnel report --csv writes all.`));
    return parts;
}

function block(title, sentence, links, ...content) {
    const head = make('div', {}, make('h3', {}, title));
    if (sentence)
        head.append(make('p', {class: 'quiet'}, sentence));
    return make('div', {class: 'block'}, make('header', {}, head, ...links), ...content);
}

// ---- Colours ----

let printing = false;
const palettes = {
    light: ['#1f6feb', '#e07b00', '#1a9e6c', '#c23b7d', '#7a52cc', '#008fa3', '#a86b32', '#d14a3a', '#66788a', '#5b8c00'],
    dark: ['#6ea8ff', '#ffb454', '#4cc38a', '#ff85b8', '#b69cff', '#4dd0e1', '#d6a36a', '#ff8a7a', '#a3b1c2', '#a5d64c'],
};
function ink() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    const dark = !printing && matchMedia('(prefers-color-scheme: dark)').matches;
    return {text: of('--text'), quiet: of('--quiet'), line: of('--line'), card: of('--card'),
        colours: dark ? palettes.dark : palettes.light,
        heat: dark ? ['#171e27', '#8a5a12', '#ffb454'] : ['#f3f5f8', '#f5b25e', '#b3261e']};
}

/** What all charts share. */
function base(colours) {
    return {
        animation: false,
        useUTC: true,
        color: colours.colours,
        textStyle: {fontFamily: getComputedStyle(document.body).fontFamily, color: colours.text},
        // Drawn as text: names in it cannot be markup.
        tooltip: {renderMode: 'richText', confine: true, backgroundColor: colours.card, borderColor: colours.line,
            textStyle: {color: colours.text, fontSize: 12}},
    };
}

// ---- Colours of the screen, and of paper ----

/** Calls `draw` when the colours are others: light, dark, or ink on white, as wide as the paper. */
function on_other_colours(draw) {
    const for_paper = (now) => {
        if (printing === now)
            return;
        printing = now;
        document.documentElement.classList.toggle('paper', now);
        draw();
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    matchMedia('print').addEventListener('change', ({matches}) => for_paper(matches));
    addEventListener('beforeprint', () => for_paper(true));
    addEventListener('afterprint', () => for_paper(false));
}
