// Draws the page of `runnel report --html` from the report in #report: every figure as a card, every
// table with its rows as CSV, and the charts that page/charts.cpp lists.
(() => {
const report = JSON.parse(document.getElementById('report').textContent);
const categories_max = 16;  // Bars of one chart.
const lines_max = 10;

// ---- Figures and tables ----

function figure_cards(section) {
    const cards = make('div', {class: 'cards'});
    for (const {label, value, unit} of section.figures) {
        if (value === null)
            continue;
        const text = shown(value, unit);
        cards.append(make('div', {class: 'card'}, make('span', {class: 'label'}, label),
            make('span', {class: text.length > 24 ? 'value long' : 'value'}, text)));
    }
    return cards.childElementCount ? cards : null;
}

/** Where a headline table is there: each figure beside what happened in reality. */
function band_cards(chart, table) {
    const at = columns_of(table);
    const cards = make('div', {class: 'cards bands'});
    for (const row of table.rows) {
        const inside = row[at.in_band];
        const card = make('div', {class: 'card' + (inside === true ? ' good' : inside === false ? ' bad' : '')},
            make('span', {class: 'label'}, row[at.figure]), make('span', {class: 'value'}, row[at.simulated_text]));
        card.append(make('span', {class: 'note'}, `Real: ${row[at.real]}`));
        card.append(make('span', {class: 'note verdict'}, inside === null ? row[at.band]
            : `${inside ? '✓ within' : '✗ outside'} ${row[at.band]}`));
        cards.append(card);
    }
    return cards;
}

/** What a column counts: exact amounts of USD have no unit of their own. */
function unit_of(table, i) {
    const in_usd = table.columns[i].unit === 'none' && table.rows.some((row) => is_amount(row[i]) && row[i][2] === 'USD');
    return in_usd ? 'usd' : table.columns[i].unit;
}

// ---- Charts ----

const legend = (colours) => ({type: 'scroll', icon: 'roundRect', itemHeight: 8, top: 0, left: 0, textStyle: {color: colours.text},
    pageTextStyle: {color: colours.quiet}, pageIconColor: colours.text, pageIconInactiveColor: colours.line});
const axis = (colours, more) => ({axisLine: {lineStyle: {color: colours.line}}, axisTick: {show: false},
    axisLabel: {color: colours.quiet, hideOverlap: true}, splitLine: {lineStyle: {color: colours.line}}, ...more});
const value_axis = (colours, unit, more = {}) => axis(colours, {type: 'value', splitNumber: 4, ...more,
    axisLabel: {color: colours.quiet, hideOverlap: true, formatter: (value) => tick(value, unit)}});

/** Names of a category column's values, with those of several columns joined. */
const label_of = (cells, units) => cells.map((cell, i) => cell === null ? '' : shown(cell, units[i]))
    .filter((text) => text !== '').join(' · ');

/** What a column that is drawn is called. */
function name_of(chart, table, i) {
    const column = table.columns.find(({key}) => key === chart.y[i]);
    return chart.names?.[i] || column.label || column.key.replaceAll('_', ' ');
}

/** Lines: names and points, from one column each or from rows that a column groups. */
function lines_of(chart, table, rows) {
    const at = columns_of(table);
    const x = at[chart.x];
    const lines = new Map();
    const put = (name, row, y) => {
        if (!lines.has(name))
            lines.set(name, []);
        lines.get(name).push([number(row[x]), number(row[y])]);
    };
    for (const row of rows) {
        for (const [i, key] of chart.y.entries()) {
            const of_column = name_of(chart, table, i);
            const group = chart.series.map((series) => row[at[series]]).join(' ');
            put(!chart.series.length ? of_column : chart.y.length > 1 ? `${group}, ${of_column}` : group, row, at[key]);
        }
    }
    let all = [...lines].map(([name, points]) => ({name, points: summed(points),
        size: points.reduce((sum, [, y]) => sum + (isNaN(y) ? 0 : Math.abs(y)), 0)}));
    all = all.filter(({points}) => points.some(([, y]) => !isNaN(y)));
    if (all.length <= lines_max)
        return chart.kind === 'area' ? on_all_points(all) : all;
    const order = [...all].sort((a, b) => b.size - a.size);
    const kept = new Set(order.slice(0, lines_max - 1));
    const result = all.filter((line) => kept.has(line));
    if (chart.kind === 'area') {
        const rest = order.slice(lines_max - 1).flatMap(({points}) => points);
        result.push({name: `${order.length - kept.size} others`, points: summed(rest), size: 0});
        return on_all_points(result);
    }
    return result;
}
/** What is stacked needs a point wherever another has one. */
function on_all_points(lines) {
    const all = [...new Set(lines.flatMap(({points}) => points.map(([x]) => x)))].sort((a, b) => a - b);
    return lines.map((line) => {
        const known = new Map(line.points);
        return {...line, points: all.map((x) => [x, known.get(x) || 0])};
    });
}
/** One point per x: values of one x add up. */
function summed(points) {
    const sums = new Map();
    for (const [x, y] of points)
        sums.set(x, sums.has(x) && !isNaN(y) ? (isNaN(sums.get(x)) ? 0 : sums.get(x)) + y : sums.has(x) ? sums.get(x) : y);
    return [...sums].sort((a, b) => a[0] - b[0]);
}

/** To one of 1, 2, 4, 5, 8 and a power of ten: where an axis may end. */
function round_up(value) {
    if (!(value > 0))
        return undefined;
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 4, 5, 8, 10].find((step) => step * power >= value) * power;
}

function line_options(chart, table, rows, colours) {
    const at = columns_of(table);
    const unit = unit_of(table, at[chart.y[0]]);
    const x_unit = table.columns[at[chart.x]].unit;
    const lines = lines_of(chart, table, rows);
    const area = chart.kind === 'area';
    // The same scale wherever the slider stands.
    const most = chart.diagonal ? 1 : chart.slider ? round_up(Math.max(...table.rows.map((row) => number(row[at[chart.y[0]]]) || 0))) : undefined;
    const low = Math.min(...lines.flatMap(({points}) => points.map(([, y]) => isNaN(y) ? Infinity : y)));
    const gap = lines.length > 1 ? 36 : 14;
    return {
        height: chart.small ? 190 : 280,
        option: {
            ...base(colours),
            tooltip: {...base(colours).tooltip, trigger: 'axis', axisPointer: {label: {show: false}},
                formatter: (points) => [shown(points[0].value[0], x_unit), ...points
                    .filter(({value}) => !isNaN(value[1]))
                    .map(({seriesName, value}) => `${seriesName}: ${shown(value[1], unit)}`)].join('\n')},
            legend: lines.length > 1 ? legend(colours) : undefined,
            grid: {left: 8, right: 24, top: gap, bottom: 8, containLabel: true},
            xAxis: x_unit === 'unix_time'
                ? axis(colours, {type: 'time', splitLine: {show: false}, splitNumber: 5, axisLabel: {color: colours.quiet,
                    hideOverlap: true, formatter: {year: '{yyyy}', month: '{MMM} {yyyy}', day: '{d} {MMM}', hour: '{HH}:{mm}', minute: '{HH}:{mm}'}}})
                : value_axis(colours, x_unit, {splitLine: {show: false}, min: 'dataMin', max: 'dataMax'}),
            yAxis: value_axis(colours, unit, {max: most, interval: most && most / 4, scale: !area && low > 0 && !chart.from_zero && unit !== 'ratio'}),
            series: lines.map(({name, points}) => ({
                name, type: 'line', showSymbol: points.length === 1, symbolSize: 5,
                connectNulls: true, lineStyle: {width: area ? 0.5 : 2},
                ...(area ? {stack: 'all', areaStyle: {opacity: 0.75}} : {}),
                data: points.map(([x, y]) => [x_unit === 'unix_time' ? x * 1000 : x, isNaN(y) ? null : y]),
            })).concat(chart.diagonal ? [{name: 'all the same', type: 'line', showSymbol: false, data: [[0, 0], [1, 1]],
                lineStyle: {width: 1, type: 'dashed', color: colours.quiet}, itemStyle: {color: colours.quiet}}] : []),
        },
    };
}

function bar_options(chart, table, rows, colours) {
    const at = columns_of(table);
    const unit = unit_of(table, at[chart.y[0]]);
    const names = [chart.x, ...chart.series].map((key) => at[key]);
    const units = names.map((i) => table.columns[i].unit);
    const size = (row) => Math.max(...chart.y.map((key) => Math.abs(number(row[at[key]])) || 0));
    // Numbers (sizes, days) have an order of their own.
    const named = rows.every((row) => !is_number(row[names[0]]));
    const kept = (named ? [...rows].sort((a, b) => size(b) - size(a)) : rows).slice(0, categories_max);
    const many = chart.y.length > 1;
    const narrow = innerWidth < 600 && !printing;
    const height = 30 + (many ? 30 : 0) + kept.length * (many ? 14 * chart.y.length + 10 : narrow ? 32 : 26);
    const share = unit === 'bar' ? 'share' : unit;
    return {
        height: Math.max(height, 110),
        option: {
            ...base(colours),
            tooltip: {...base(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
                formatter: (bars) => [bars[0].name, ...bars.filter(({value}) => value !== null)
                    .map(({seriesName, value}) => `${seriesName}: ${shown(value, share)}`)].join('\n')},
            legend: many ? legend(colours) : undefined,
            grid: {left: 8, right: 60, top: many ? 34 : 6, bottom: 6, containLabel: true},
            xAxis: value_axis(colours, share),
            yAxis: axis(colours, {type: 'category', inverse: true, data: kept.map((row) => label_of(names.map((i) => row[i]), units)),
                axisLabel: {color: colours.text, width: narrow ? 120 : 240, overflow: narrow ? 'breakAll' : 'truncate',
                    fontSize: narrow ? 10 : 12, lineHeight: 12, interval: 0}}),
            series: chart.y.map((key, i) => ({
                name: name_of(chart, table, i), type: 'bar', barMaxWidth: 18,
                label: {show: true, position: 'right', color: colours.quiet, fontSize: 11,
                    formatter: ({value}) => value === null ? '' : shown(value, share)},
                data: kept.map((row) => { const y = number(row[at[key]]); return isNaN(y) ? null : y; }),
            })),
        },
    };
}

function heat_options(chart, table, rows, colours) {
    const at = columns_of(table);
    const [x, value] = [at[chart.x], at[chart.y[0]]];
    const unit = unit_of(table, value);
    const names = chart.series.map((key) => at[key]);
    const name = (row) => label_of(names.map((i) => row[i]), names.map((i) => table.columns[i].unit));
    const columns = [...new Set(rows.map((row) => row[x]))].sort((a, b) => a - b);
    const lines = [...new Set(rows.map(name))];
    const cells = rows.map((row) => [columns.indexOf(row[x]), lines.indexOf(name(row)), number(row[value])]);
    const most = Math.max(...cells.map(([, , v]) => v || 0));
    return {
        height: 110 + 26 * lines.length,
        option: {
            ...base(colours),
            tooltip: {...base(colours).tooltip, formatter: ({value: [i, j, v]}) =>
                `${shown(columns[i], table.columns[x].unit)}\n${lines[j]}: ${shown(v, unit)}`},
            grid: {left: 8, right: 16, top: 8, bottom: 48, containLabel: true},
            xAxis: axis(colours, {type: 'category', data: columns.map((c) => shown(c, table.columns[x].unit).slice(5, 16)), splitLine: {show: false}}),
            yAxis: axis(colours, {type: 'category', data: lines, axisLabel: {color: colours.text, interval: 0}}),
            visualMap: {min: 0, max: most || 1, calculable: false, orient: 'horizontal', left: 'center', bottom: 0, itemHeight: 120,
                inRange: {color: colours.heat}, textStyle: {color: colours.quiet}, text: [tick(most, unit), '0']},
            series: [{type: 'heatmap', data: cells, itemStyle: {borderColor: colours.card, borderWidth: 1}}],
        },
    };
}

/** From payers on the left to payees on the right: who is both stands on both sides, so nothing goes in a circle. */
function sankey_options(chart, table, rows, colours) {
    const at = columns_of(table);
    const [from, to, value] = [at[chart.x], at[chart.series[0]], at[chart.y[0]]];
    const unit = unit_of(table, value);
    const narrow = innerWidth < 600 && !printing;
    const sums = new Map();
    for (const row of rows) {
        const key = JSON.stringify([row[from], row[to]]);
        sums.set(key, (sums.get(key) || 0) + (number(row[value]) || 0));
    }
    const links = [...sums].map(([key, sum]) => [...JSON.parse(key), sum]).filter(([, , sum]) => sum > 0)
        .sort((a, b) => b[2] - a[2]).slice(0, 40);
    const names = [...new Set(links.flatMap(([a, b]) => [a, b]))].sort();
    const colour = new Map(names.map((name, i) => [name, colours.colours[i % colours.colours.length]]));
    const node = (name, side) => ({name: `${side}${name}`, itemStyle: {color: colour.get(name)}, depth: side === '<' ? 0 : 1,
        label: {position: side === '<' ? 'right' : 'left'}});
    const nodes = [...new Set(links.map(([a]) => a))].map((name) => node(name, '<'))
        .concat([...new Set(links.map(([, b]) => b))].map((name) => node(name, '>')));
    return {
        height: Math.max(260, Math.min(760, 120 + 30 * Math.max(...['<', '>'].map((side) => nodes.filter(({name}) => name[0] === side).length)))),
        option: {
            ...base(colours),
            tooltip: {...base(colours).tooltip, formatter: ({dataType, data, value: sum}) => dataType === 'edge'
                ? `${data.source.slice(1)} → ${data.target.slice(1)}: ${shown(data.value, unit)}`
                : `${data.name.slice(1)}: ${shown(sum, unit)}`},
            series: [{type: 'sankey', left: 4, right: 4, top: 8, bottom: 8, nodeGap: 15, nodeWidth: 14, draggable: false,
                layoutIterations: 32, emphasis: {focus: 'adjacency'}, lineStyle: {color: 'source', opacity: 0.35},
                label: {color: colours.text, fontSize: 12, width: narrow ? 110 : 260, overflow: 'truncate',
                    formatter: ({name, value: sum}) => narrow ? name.slice(1) : `${name.slice(1)}  ${tick(sum, unit)}`},
                data: nodes, links: links.map(([a, b, sum]) => ({source: `<${a}`, target: `>${b}`, value: sum}))}],
        },
    };
}

const drawers = {line: line_options, area: line_options, bar: bar_options, heat_map: heat_options, sankey: sankey_options};
const drawn = [];  // Every chart on the page: how to draw it again.

function chart_figure(chart, table, rows_now, caption) {
    const place = make('div', {class: 'chart', role: 'img', 'aria-label': [chart.title, caption, chart.sentence].filter(Boolean).join('. ')});
    const figure = make('figure', {}, ...(caption ? [make('figcaption', {}, caption)] : []), place);
    const view = {
        place,
        draw() {
            const {height, option} = drawers[chart.kind](chart, table, rows_now(), ink());
            place.style.height = `${height}px`;
            view.echart ??= echarts.init(place, null, {renderer: 'svg'});
            view.fit();
            view.echart.setOption(option, true);
        },
        fit() {
            const single = place.closest('.grid').classList.contains('single');
            view.echart.resize(printing ? {width: single ? 690 : 335} : {width: 'auto'});
        },
    };
    drawn.push(view);
    return {figure, view};
}

/** A chart with what it says in words, its rows, one panel for each of what the facet tells apart, and its slider. */
function chart_block(section, chart) {
    const table = section.tables.find(({key}) => key === chart.table);
    const links = [csv_link(`${section.key}_${table.key}`, table)];
    if (chart.kind === 'cards')
        return block(chart.title, chart.sentence, links, make('div', {class: 'grid single'}, band_cards(chart, table)));
    const at = columns_of(table);
    const facets = chart.facet ? [...new Set(table.rows.map((row) => row[at[chart.facet]]))] : [null];
    const moments = chart.slider ? [...new Set(table.rows.map((row) => row[at[chart.slider]]))].sort((a, b) => a - b) : [];
    let now = chart.slider && !chart.whole ? moments.length : 0;  // 0: the whole run.
    const grid = make('div', {class: facets.length > 1 ? 'grid' : 'grid single'});
    const views = facets.map((facet) => {
        const mine = facet === null ? table.rows : table.rows.filter((row) => row[at[chart.facet]] === facet);
        const rows = () => now === 0 ? mine : mine.filter((row) => row[at[chart.slider]] === moments[now - 1]);
        const {figure, view} = chart_figure(chart, table, rows, facet === null ? '' : String(facet));
        grid.append(figure);
        return view;
    });
    const content = [];
    if (moments.length > 1) {
        const least = chart.whole ? 0 : 1;
        const input = make('input', {type: 'range', min: least, max: moments.length, value: now, 'aria-label': 'Time'});
        const output = make('output');
        const tell = () => {
            const unit = table.columns[at[chart.slider]].unit;
            output.textContent = now === 0 ? 'The whole run' : !chart.whole ? shown(moments[now - 1], unit)
                : `${shown(moments[now - 1], unit)}${now < moments.length ? ` to ${shown(moments[now], unit)}` : ' to the end'}`;
        };
        input.addEventListener('input', () => { now = Number(input.value); tell(); views.forEach((view) => view.draw()); });
        tell();
        content.push(make('div', {class: 'slider'}, input, output));
    }
    content.push(grid);
    return block(chart.title, chart.sentence, links, ...content);
}

/** The curves of a section, a small chart each. */
function curve_block(section) {
    const table = section.curves;
    const grid = make('div', {class: 'grid'});
    for (const {key, label, from_zero} of table.columns.slice(1)) {
        const chart = {kind: 'line', title: label, x: table.columns[0].key, y: [key], series: [], from_zero, small: true};
        grid.append(chart_figure(chart, table, () => table.rows, label).figure);
    }
    return block('Over time', `The run in ${table.rows.length} pieces of equal length.`,
        [csv_link(`${section.key}_${table.key}`, table)], grid);
}

// ---- The page ----

function section_view(section) {
    const view = make('section', {id: section.key}, make('h2', {}, section.title));
    const charts = report.charts.filter((chart) => chart.section === section.key);
    const has_cards = charts.some(({kind}) => kind === 'cards');
    const cards = figure_cards(section);
    if (cards)
        view.append(cards);
    for (const chart of charts)
        view.append(chart_block(section, chart));
    if (section.curves)
        view.append(curve_block(section));
    for (const table of section.tables) {
        const is_drawn = charts.some((chart) => chart.table === table.key);
        if (has_cards && is_drawn || !table.columns.some(({label}) => label))
            continue;
        if (table.shown === 0 && is_drawn)
            continue;
        view.append(block(table.title || 'Table', '', [csv_link(`${section.key}_${table.key}`, table)],
            ...table_view(table)));
    }
    return view;
}

function contents() {
    const wide = matchMedia('(min-width: 70rem)').matches;
    // What stands before a comma, colon or bracket says which section it is.
    const list = make('ol', {}, ...report.sections.map(
        ({key, title}) => make('li', {}, make('a', {href: `#${key}`}, title.split(/[,:(]/)[0].trim() || title))));
    const details = make('details', wide ? {open: ''} : {}, make('summary', {}, 'Contents'), list);
    list.addEventListener('click', () => { if (!matchMedia('(min-width: 70rem)').matches) details.open = false; });
    addEventListener('beforeprint', () => { details.open = true; });
    return details;
}

const page = document.getElementById('page');
page.replaceChildren(make('h1', {}, report.title), make('p', {class: 'quiet'}, report.subtitle),
    ...report.sections.map(section_view));
document.getElementById('contents').append(contents());
for (const view of drawn)
    view.draw();

addEventListener('resize', () => { for (const view of drawn) view.fit(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { for (const view of drawn) view.draw(); });
/** Ink on white, as wide as the paper. */
function for_paper(now) {
    if (printing === now)
        return;
    printing = now;
    document.documentElement.classList.toggle('paper', now);
    for (const view of drawn)
        view.draw();
}
matchMedia('print').addEventListener('change', ({matches}) => for_paper(matches));
addEventListener('beforeprint', () => for_paper(true));
addEventListener('afterprint', () => for_paper(false));
})();
