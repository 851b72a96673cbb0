// Draws the page of `runnel report --html` from the report in #report: every figure as a card, every
// table with its rows as CSV, and the charts that analytics/page/charts.cpp lists.
(() => {
const report = JSON.parse(document.getElementById('report').textContent);
const categories_max = 16;  // Bars of one chart.
const lines_max = 10;

// ---- What the reader picks: rows of some groups, tokens, contracts and runs, and a part of the time ----

const kinds = {
    runs: {title: 'Runs', names: report.names.runs},
    groups: {title: 'Groups and roles', names: report.names.groups},
    tokens: {title: 'Tokens', names: report.names.tokens},
    contracts: {title: 'Protocols and their contracts', names: report.names.contracts.map(([name]) => name)},
};
const known = Object.fromEntries(Object.entries(kinds).map(([kind, {names}]) => [kind, new Set(names)]));
const picked = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, new Set()]));  // Empty: everything.
const range = report.range;
const picked_range = range && {from: range.from, to: range.to};
const is_narrowed = () => range !== null && (picked_range.from > range.from || picked_range.to < range.to);
const is_filtered = () => is_narrowed() || Object.values(picked).some((names) => names.size > 0);

/** The names in a cell: it is one, or it joins some: a pool and its pair, a group and a wallet's number. */
const names_in_cell = new Map();
function names_of_cell(cell) {
    if (!names_in_cell.has(cell)) {
        const of = (kind, words) => words.filter((word) => known[kind].has(word));
        names_in_cell.set(cell, Object.fromEntries(Object.keys(kinds).map((kind) =>
            [kind, known[kind].has(cell) ? [cell] : of(kind, cell.split(/[ /,]/))])));
    }
    return names_in_cell.get(cell);
}
/** A row that names some of what is picked from stays if it names one that is picked; others stay. */
function is_picked(row, active) {
    for (const kind of active) {
        let is_named = false;
        let is_wanted = false;
        for (const cell of row) {
            if (typeof cell !== 'string')
                continue;
            for (const name of names_of_cell(cell)[kind]) {
                is_named = true;
                is_wanted ||= picked[kind].has(name);
            }
        }
        if (is_named && !is_wanted)
            return false;
    }
    return true;
}
/** Where a table says when: until, at or since when; -1: it does not. */
function time_column(table) {
    const keys = range && range.unit === 'seconds' ? ['since_start'] : ['until', 'time', 'timestamp'];
    return table.columns.findIndex(({key}) => keys.includes(key));
}
/** The rows of a table that the filter leaves. */
function left_rows(table) {
    if (!is_filtered())
        return table.rows;
    const active = Object.keys(kinds).filter((kind) => picked[kind].size > 0);
    const time = is_narrowed() ? time_column(table) : -1;
    return table.rows.filter((row) => is_picked(row, active) && (time < 0 || typeof row[time] !== 'number' ||
        row[time] >= picked_range.from && row[time] <= picked_range.to));
}
const on_filter = [];  // What is to be done again when it changes.
const filter = {rows: left_rows, on_change: (action) => { on_filter.push(action); }};
const rows_link = (section, table) => csv_link(`${section.key}_${table.key}`, table, filter);

// ---- Figures ----

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

/** Several runs at a glance: a bar for each of them, as long as its number is beside the largest. */
function run_cards(chart, table) {
    const at = columns_of(table);
    const cards = make('div', {class: 'cards runs'});
    const colours = new Map(report.names.runs.map((name, i) => [name, i]));
    const fill = () => {
        const figures = new Map();
        for (const row of left_rows(table))
            figures.set(row[at.key], [...(figures.get(row[at.key]) || []), row]);
        cards.replaceChildren(...[...figures.values()].map((rows) => {
            const most = Math.max(...rows.map((row) => Math.abs(number(row[at.number]))));
            const lines = rows.map((row) => {
                const bar = make('span', {class: `run_bar run_${colours.get(row[at.ledger]) % 10}`});
                bar.style.width = `${most > 0 ? Math.abs(number(row[at.number])) / most * 100 : 0}%`;
                return make('div', {class: 'run'}, make('span', {class: 'run_name'}, row[at.ledger]),
                    make('span', {class: 'run_value'}, row[at.text]), make('span', {class: 'run_track'}, bar));
            });
            return make('div', {class: 'card'}, make('span', {class: 'label'}, `${rows[0][at.section].split(/[,:(]/)[0].trim()}: ${
                rows[0][at.figure]}`), ...lines);
        }));
        if (!figures.size)
            cards.append(make('p', {class: 'quiet'}, nothing_left));
    };
    fill();
    on_filter.push(fill);
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
const value_axis = (colours, unit, more = {}, label = {}) => axis(colours, {type: 'value', splitNumber: 4, ...more,
    axisLabel: {color: colours.quiet, hideOverlap: true, formatter: (value) => tick(value, unit), ...label}});

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
    const put = (name, group, part, row, y) => {
        if (!lines.has(name))
            lines.set(name, {points: [], group, part});
        lines.get(name).points.push([number(row[x]), number(row[y])]);
    };
    for (const row of rows) {
        for (const [i, key] of chart.y.entries()) {
            const of_column = name_of(chart, table, i);
            const group = chart.series.map((series) => row[at[series]]).join(' ');
            put(!chart.series.length ? of_column : chart.y.length > 1 ? `${group}, ${of_column}` : group, group, i, row, at[key]);
        }
    }
    let all = [...lines].map(([name, {points, group, part}]) => ({name, group, part, points: summed(points),
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

/** Seconds since a start: marks at whole minutes, hours or days, six of them at most. */
function time_steps(lines, unit) {
    if (unit !== 'seconds')
        return {};
    const most = Math.max(0, ...lines.flatMap(({points}) => points.map(([x]) => x)));
    const steps = [1, 2, 5, 10, 30, 60, 120].map((minutes) => minutes * 60)
        .concat([3, 6, 12].map((hours) => hours * 3600), [1, 2, 5, 10, 30, 60, 180, 365, 730].map((days) => days * 86400));
    const step = steps.find((length) => most / length <= 6);
    return step ? {interval: step} : {};
}

function line_options(chart, table, rows, colours) {
    const at = columns_of(table);
    const unit = unit_of(table, at[chart.y[0]]);
    const x_unit = table.columns[at[chart.x]].unit;
    const lines = lines_of(chart, table, rows);
    if (chart.log) {
        for (const line of lines)
            line.points = line.points.filter(([x, y]) => x > 0 && y > 0);
    }
    const area = chart.kind === 'area';
    const mark = chart.mark && rows.length ? number(rows[0][at[chart.mark]]) : NaN;
    // The same scale wherever the slider stands.
    const most = chart.diagonal ? 1 : chart.slider ? round_up(Math.max(...table.rows.map((row) => number(row[at[chart.y[0]]]) || 0))) : undefined;
    const low = Math.min(...lines.flatMap(({points}) => points.map(([, y]) => isNaN(y) ? Infinity : y)));
    // Ends of an axis that are no round numbers are not written.
    const is_odd_end = x_unit === 'seconds' || chart.mark || lines.some(({points}) => points.some(([x]) => x < 0));
    // A run has one colour in all charts, and its bars.
    const run_colour = (group) => known.runs.has(group) ? colours.colours[report.names.runs.indexOf(group) % colours.colours.length] : null;
    const gap = lines.length > 1 ? 36 : isNaN(mark) ? 14 : 26;
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
                : value_axis(colours, x_unit, {splitLine: {show: false}, min: chart.log ? undefined : x_unit === 'seconds' ? 0 : 'dataMin',
                    max: chart.log ? undefined : 'dataMax', type: chart.log ? 'log' : 'value', ...time_steps(lines, x_unit)},
                    is_odd_end ? {showMinLabel: x_unit === 'seconds', showMaxLabel: false} : {}),
            yAxis: value_axis(colours, unit, {type: chart.log ? 'log' : 'value', max: most, interval: most && most / 4, scale: !area && low > 0 && !chart.from_zero && unit !== 'ratio'}),
            // What costs the same both ways lies on one line: the second is dashed.
            series: lines.map(({name, points, group, part}, i) => ({
                name, type: 'line', showSymbol: points.length === 1, symbolSize: 5,
                connectNulls: true, lineStyle: {width: area ? 0.5 : 2, ...((run_colour(group) ? part : chart.log && i) > 0 ? {type: 'dashed'} : {})},
                ...(run_colour(group) ? {color: run_colour(group)} : {}),
                ...(area ? {stack: 'all', areaStyle: {opacity: 0.75}} : {}),
                ...(isNaN(mark) ? {} : {step: 'middle', markLine: {silent: true, symbol: 'none', animation: false,
                    lineStyle: {color: colours.text, type: 'dashed', width: 1},
                    label: {color: colours.text, formatter: () => tick(mark, x_unit)}, data: [{xAxis: mark}]}}),
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
                label: {color: colours.text, textBorderColor: colours.card, textBorderWidth: 3, fontSize: 12, width: narrow ? 110 : 260, overflow: 'truncate',
                    formatter: ({name, value: sum}) => narrow ? name.slice(1) : `${name.slice(1)}  ${tick(sum, unit)}`},
                data: nodes, links: links.map(([a, b, sum]) => ({source: `<${a}`, target: `>${b}`, value: sum}))}],
        },
    };
}

/** Middle and radius of every region, on a circle, as large as its nodes need, in units of the distance of two nodes. */
function places_of(sizes) {
    const radii = sizes.map((size) => Math.sqrt(size) + 1);
    if (radii.length === 1)
        return [{x: 0, y: 0, radius: radii[0]}];
    const around = radii.reduce((sum, radius) => sum + 2 * radius + 1, 0);
    // Two beside each other must not touch: of few, the straight way is shorter than that around.
    const ring = Math.max(around / (2 * Math.PI), ...radii.map((radius, i) =>
        (radius + radii[(i + 1) % radii.length]) / (2 * Math.sin(Math.PI / radii.length))));
    return radii.map((radius, i) => {
        const angle = 2 * Math.PI * i / radii.length - Math.PI / 2;
        return {x: ring * Math.cos(angle), y: ring * Math.sin(angle), radius};
    });
}
/** Nodes by region, spread as the seeds of a sunflower, with lines to their peers: all, or every how-manieth if there are many. */
function network_options(chart, table, rows, colours) {
    const lines_most = 1500;
    const at = columns_of(table);
    const [node, value, group, region, peers] = [at[chart.x], at[chart.y[0]], ...chart.series.map((key) => at[key])];
    const groups = [...new Set(rows.map((row) => row[group]))];
    const regions = [...new Set(rows.map((row) => row[region]))];
    const of_region = regions.map((name) => rows.filter((row) => row[region] === name));
    const places = places_of(of_region.map(({length}) => length));
    const most = Math.max(1, ...rows.map((row) => row[value] || 0));
    const narrow = innerWidth < 600 && !printing;
    const known = new Set(rows.map((row) => row[node]));
    const links = rows.flatMap((row) => row[peers].split(',').filter(Boolean).map(Number)
        .filter((peer) => row[node] < peer && known.has(peer)).map((peer) => ({source: String(row[node]), target: String(peer)})));
    const stride = Math.ceil(links.length / lines_most);
    const smallest = rows.length > 400 ? 3 : 6;
    const nodes = of_region.flatMap((list, r) => list.map((row, i) => {
        const angle = i * Math.PI * (3 - Math.sqrt(5));
        return {name: String(row[node]), row, category: groups.indexOf(row[group]),
            x: places[r].x + Math.sqrt(i + 0.5) * Math.cos(angle), y: places[r].y + Math.sqrt(i + 0.5) * Math.sin(angle),
            symbolSize: smallest + (narrow ? 10 : 18) * Math.sqrt((row[value] || 0) / most)};
    }));
    const titles = regions.map((name, r) => ({name: `region ${name}`, x: places[r].x, y: places[r].y - places[r].radius - 0.5, symbolSize: 0.1,
        silent: true, tooltip: {show: false}, label: {show: regions.length > 1, formatter: name, position: 'top', color: colours.quiet, fontSize: 12}}));
    return {
        height: narrow ? 360 : 520,
        option: {
            ...base(colours),
            legend: {...legend(colours), data: groups},
            tooltip: {...base(colours).tooltip, formatter: ({dataType, data}) => dataType === 'edge' || !data.row ? ''
                : [`Node ${data.row[node]}`, ...table.columns.map((column, i) => [column, data.row[i]]).filter(([, cell], i) => i !== node && i !== peers && cell !== '')
                    .map(([column, cell]) => `${column.label}: ${shown(cell, column.unit)}`), `Peers: ${data.row[peers].split(',').filter(Boolean).length}`].join('\n')},
            series: [{type: 'graph', layout: 'none', left: 24, right: 24, top: 56, bottom: 24, roam: false, preserveAspect: 'contain',
                categories: groups.map((name) => ({name})), data: nodes.concat(titles), links: links.filter((link, i) => i % stride === 0),
                label: {show: false}, itemStyle: {borderColor: colours.card, borderWidth: 1},
                lineStyle: {color: colours.quiet, opacity: links.length > 300 ? 0.12 : 0.35, width: 1}, emphasis: {focus: 'adjacency'}}],
        },
    };
}

const drawers = {line: line_options, area: line_options, bar: bar_options, heat_map: heat_options, sankey: sankey_options, network: network_options};
const drawn = [];  // Every chart on the page: how to draw it again.

/** Whether there is anything to draw: a number above all. */
function is_drawable(chart, table, rows) {
    const at = columns_of(table);
    return rows.some((row) => chart.y.some((key) => {
        const y = number(row[at[key]]);
        return !isNaN(y) && (!chart.log || y > 0 && number(row[at[chart.x]]) > 0);
    }));
}

function chart_figure(chart, table, rows_now, caption) {
    const empty = make('p', {class: 'quiet nothing', hidden: ''}, nothing_left);
    const place = make('div', {class: 'chart', role: 'img', 'aria-label': [chart.title, caption, chart.sentence].filter(Boolean).join('. ')});
    const figure = make('figure', {}, ...(caption ? [make('figcaption', {}, caption)] : []), place, empty);
    let drawn_rows = null;
    const view = {
        place,
        /** Again, if other rows are left. */
        update() {
            if (drawn_rows === null || !is_same(drawn_rows, rows_now()))
                view.draw();
        },
        draw() {
            drawn_rows = rows_now();
            const is_empty = !is_drawable(chart, table, drawn_rows);
            place.hidden = is_empty;
            empty.hidden = !is_empty;
            if (is_empty)
                return;
            const {height, option} = drawers[chart.kind](chart, table, drawn_rows, ink());
            place.style.height = `${height}px`;
            view.echart ??= echarts.init(place, null, {renderer: 'svg'});
            view.fit();
            view.echart.setOption(option, true);
        },
        fit() {
            if (!view.echart || place.hidden)
                return;
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
    const links = [rows_link(section, table)];
    if (chart.kind === 'cards')
        return block(chart.title, chart.sentence, links, make('div', {class: 'grid single'}, band_cards(chart, table)));
    if (chart.kind === 'runs')
        return block(chart.title, chart.sentence, links, make('div', {class: 'grid single'}, run_cards(chart, table)));
    const at = columns_of(table);
    const drawable = (rows) => is_drawable(chart, table, rows);
    // Of what nothing is known, or never was any, no panel is drawn; a table that has nothing at all has none.
    const is_something = (rows) => rows.some((row) => chart.y.some((key) => number(row[at[key]])));
    const facets = (chart.facet ? [...new Set(table.rows.map((row) => row[at[chart.facet]]))] : [null]).filter((facet) =>
        {
        const rows = facet === null ? table.rows : table.rows.filter((row) => row[at[chart.facet]] === facet);
        return drawable(rows) && (facet === null || is_something(rows));
    });
    if (!facets.length)
        return null;
    const moments = chart.slider ? [...new Set(table.rows.map((row) => row[at[chart.slider]]))].sort((a, b) => a - b) : [];
    let now = chart.slider && !chart.whole ? moments.length : 0;  // 0: the whole run.
    const grid = make('div', {class: facets.length > 1 ? 'grid' : 'grid single'});
    const views = facets.map((facet) => {
        const rows = () => left_rows(table).filter((row) => (facet === null || row[at[chart.facet]] === facet) &&
            (now === 0 || row[at[chart.slider]] === moments[now - 1]));
        const {figure, view} = chart_figure(chart, table, rows, facet === null ? '' : String(facet));
        grid.append(figure);
        if (facet !== null)
            on_filter.push(() => { figure.hidden = is_filtered() && facets.length > 1 && !drawable(rows()); });
        return view;
    });
    if (facets.length > 1 && facets[0] !== null) {
        const empty = make('p', {class: 'quiet nothing', hidden: ''}, nothing_left);
        grid.append(empty);
        on_filter.push(() => { empty.hidden = [...grid.querySelectorAll('figure')].some(({hidden}) => !hidden); });
    }
    const content = [];
    if (moments.length > 1) {
        const least = chart.whole ? 0 : 1;
        const input = make('input', {type: 'range', min: least, max: moments.length, value: now, 'aria-label': 'Time'});
        const output = make('output');
        const tell = () => {
            const unit = table.columns[at[chart.slider]].unit;
            const block_of = (time) => 'block' in at
                ? `Block ${grouped(table.rows.find((row) => row[at[chart.slider]] === time)[at.block], 0)}, ` : '';
            output.textContent = now === 0 ? 'The whole run' : !chart.whole ? block_of(moments[now - 1]) + shown(moments[now - 1], unit)
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
        if (is_drawable(chart, table, table.rows))
            grid.append(chart_figure(chart, table, () => left_rows(table), label).figure);
    }
    return block('Over time', `The run in ${table.rows.length} pieces of equal length.`, [rows_link(section, table)], grid);
}

// ---- The page ----

function section_view(section) {
    const view = make('section', {id: section.key}, make('h2', {}, section.title));
    const charts = report.charts.filter((chart) => chart.section === section.key);
    const has_cards = charts.some(({kind}) => kind === 'cards' || kind === 'runs');
    const cards = figure_cards(section);
    if (cards)
        view.append(cards);
    for (const chart of charts) {
        const drawn_block = chart_block(section, chart);
        if (drawn_block)
            view.append(drawn_block);
    }
    if (section.curves)
        view.append(curve_block(section));
    for (const table of section.tables) {
        const is_drawn = charts.some((chart) => chart.table === table.key);
        if (has_cards && is_drawn || !table.columns.some(({label}) => label))
            continue;
        if (table.shown === 0 && is_drawn)
            continue;
        view.append(block(table.title || (table.key === 'figures' ? 'Figures' : 'Table'), '', [rows_link(section, table)], ...table_view(table, filter)));
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

/** In words: what is picked, and which part of the time. */
function filter_text() {
    const parts = Object.keys(kinds).filter((kind) => picked[kind].size > 0).map((kind) => {
        const names = kinds[kind].names.filter((name) => picked[kind].has(name));
        return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
    });
    if (is_narrowed())
        parts.push(range_text());
    return parts.join('; ');
}
const block_at = (time) => Math.round((time - range.from) / (range.to - range.from) * range.blocks);
const time_at = (block) => range.from + block / range.blocks * (range.to - range.from);
function range_text() {
    const {from, to} = picked_range;
    return range.blocks ? `blocks ${grouped(block_at(from), 0)} to ${grouped(block_at(to), 0)}`
        : `${duration(from)} to ${duration(to)} from the start`;
}

/** A list of names with a box each; contracts under their kinds, which tick all of theirs. */
function name_list(kind, changed) {
    const {title, names} = kinds[kind];
    const boxes = new Map();
    const box = (label, on_change) => {
        const input = make('input', {type: 'checkbox'});
        input.addEventListener('change', () => { on_change(input.checked); changed(); });
        return {input, line: make('label', {}, input, ' ', label)};
    };
    const one = (name) => {
        const made = box(name, (on) => { picked[kind][on ? 'add' : 'delete'](name); });
        boxes.set(name, made);
        return made.line;
    };
    const list = make('div', {class: 'names'});
    const heads = [];
    if (kind === 'contracts') {
        const by_kind = new Map();
        for (const [name, protocol] of report.names.contracts)
            by_kind.set(protocol, [...(by_kind.get(protocol) || []), name]);
        for (const [protocol, own] of by_kind) {
            const head = box(protocol, (on) => { for (const name of own) picked[kind][on ? 'add' : 'delete'](name); });
            head.line.classList.add('kind');
            heads.push({head, own});
            list.append(make('div', {}, head.line, ...own.map(one)));
        }
    } else {
        list.append(...names.map(one));
    }
    const parts = [make('legend', {}, title)];
    if (names.length > 12) {
        const search = make('input', {type: 'search', placeholder: 'Find', 'aria-label': `Find in: ${title}`});
        search.addEventListener('input', () => {
            const wanted = search.value.toLowerCase();
            for (const [name, {line}] of boxes)
                line.hidden = !name.toLowerCase().includes(wanted);
        });
        parts.push(search);
    }
    const tell = () => {
        for (const [name, {input}] of boxes)
            input.checked = picked[kind].has(name);
        for (const {head, own} of heads) {
            const count = own.filter((name) => picked[kind].has(name)).length;
            head.input.checked = count === own.length;
            head.input.indeterminate = count > 0 && count < own.length;
        }
    };
    return {view: make('fieldset', {'data-kind': kind}, ...parts, list), tell};
}

/** From and to: a slider each and, where there are blocks, a number. */
function range_inputs(changed) {
    const most = range.blocks || range.to;
    const to_range = range.blocks ? time_at : (value) => value;
    const of_range = range.blocks ? block_at : (value) => Math.round(value);
    const output = make('output');
    const ends = ['from', 'to'].map((end) => {
        const label = `${range.blocks ? 'Block' : 'Seconds since the start'}, ${end}`;
        const slide = make('input', {type: 'range', min: 0, max: most, step: 1, 'aria-label': `${label}, slider`});
        const exact = make('input', {type: 'number', min: 0, max: most, step: 1, 'aria-label': label});
        const take = (text) => {
            const other = end === 'from' ? of_range(picked_range.to) : of_range(picked_range.from);
            const value = Math.max(0, Math.min(most, Math.round(Number(text) || 0)));
            const kept = end === 'from' ? Math.min(value, other) : Math.max(value, other);
            // The whole run to the last second, whatever rounding makes of its ends.
            picked_range[end] = kept <= 0 ? range.from : kept >= most ? range.to : to_range(kept);
            changed();
        };
        slide.addEventListener('input', () => take(slide.value));
        exact.addEventListener('change', () => take(exact.value));
        return {end, slide, exact, line: make('label', {class: 'end'}, end, slide, exact)};
    });
    const tell = () => {
        for (const {end, slide, exact} of ends)
            slide.value = exact.value = of_range(picked_range[end]);
        const said = (time) => range.blocks ? moment(time) : duration(time);
        output.textContent = `${said(picked_range.from)} to ${said(picked_range.to)}`;
    };
    const title = range.blocks ? 'Blocks, in what is over time' : 'Time since the start';
    return {view: make('fieldset', {'data-kind': 'range'}, make('legend', {}, title), ...ends.map(({line}) => line), output), tell};
}

/** All that a reader may pick, and what is picked now. */
function filter_panel() {
    const state = make('span', {class: 'state'});
    const said = make('p', {class: 'quiet filtered', role: 'status', hidden: ''});
    const reset = make('button', {type: 'button', class: 'reset', hidden: ''}, 'Show everything');
    let waiting = 0;
    const lists = Object.keys(kinds).filter((kind) => kinds[kind].names.length > 1).map((kind) => name_list(kind, changed));
    if (range)
        lists.push(range_inputs(changed));
    function tell() {
        for (const list of lists)
            list.tell();
        const text = filter_text();
        state.textContent = text ? `: ${text}` : '';
        said.textContent = text ? `Only rows of ${text}. Figures in boxes are of all of it.` : '';
        said.hidden = reset.hidden = !text;
    }
    function changed() {
        tell();
        page.setAttribute('aria-busy', 'true');
        clearTimeout(waiting);
        waiting = setTimeout(() => {
            for (const action of on_filter)
                action();
            for (const view of drawn)
                view.update();
            page.removeAttribute('aria-busy');
        }, 120);
    }
    reset.addEventListener('click', () => {
        for (const names of Object.values(picked))
            names.clear();
        if (range)
            Object.assign(picked_range, {from: range.from, to: range.to});
        changed();
    });
    tell();
    const panel = make('details', {id: 'filter'}, make('summary', {}, 'Filter', state), reset, ...lists.map(({view}) => view));
    return {panel: lists.length ? panel : null, said};
}

const page = document.getElementById('page');
const {panel, said} = filter_panel();
page.replaceChildren(make('h1', {}, report.title), make('p', {class: 'quiet'}, report.subtitle), said,
    ...report.sections.map(section_view));
document.getElementById('contents').append(contents(), ...(panel ? [panel] : []));
for (const view of drawn)
    view.draw();

addEventListener('resize', () => { for (const view of drawn) view.fit(); });
on_other_colours(() => { for (const view of drawn) view.draw(); });
})();
