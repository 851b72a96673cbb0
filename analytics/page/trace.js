// Draws the page of `runnel trace --html` from the traces in #trace: a graph of accounts for each policy, at
// the moment where the slider stands; the hops of who is chosen; who has it at the end.
(() => {
const trace = JSON.parse(document.getElementById('trace').textContent);
const others = -1;  // Everybody who is folded away.
const labels_max = 14;
const shares = [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3];  // Of the filter.
const state = {
    policies: trace.policies.map((_, i) => i).slice(0, 1),
    moment: trace.moments.length - 1,
    least: 0,
    chosen: null,  // [account], or [payer, payee].
    found: new Set(),
    zoomed: false,
};
const last = trace.moments.length - 1;

// ---- What is known of an account, by policy ----

const role_of = (account) => account === others ? 'others' : trace.accounts[account].role;
function name_of(account, policy) {
    return account === others ? `others (${grouped(policy.others.accounts, 0)} accounts)` : trace.accounts[account].name;
}
function prepared(policy) {
    const nodes = new Map(policy.nodes.map((node) => [node.account, {weight: 0, loot: '', places: '', ...node}]));
    if (policy.others.accounts)
        nodes.set(others, {account: others, weight: policy.others.weight, loot: '', places: '', curve: policy.others.curve});
    // Hops lead away from where the trace begins; arrows the way the money went.
    const ends = (a, b) => trace.forward ? [a, b] : [b, a];
    const hops = policy.hops.map(([a, b, weight, loot, amount, exchanged, through, count, first, final]) => {
        const [from, to] = ends(a, b);
        return {from, to, weight, loot, amount, exchanged, through, count, first, final};
    });
    for (const [a, b, weight, count, first, final] of policy.bundles) {
        const [from, to] = ends(a, b);
        hops.push({from, to, weight, loot: [], amount: null, exchanged: null, through: null, count: null, bundled: count, first, final});
    }
    const pairs = new Map();
    for (const hop of hops.filter(({from, to}) => from !== to)) {
        const key = `${hop.from} ${hop.to}`;
        if (!pairs.has(key))
            pairs.set(key, {key, from: hop.from, to: hop.to, weight: 0, first: hop.first, final: hop.final, hops: []});
        const pair = pairs.get(key);
        pair.weight += hop.weight;
        pair.first = Math.min(pair.first, hop.first);
        pair.final = Math.max(pair.final, hop.final);
        pair.hops.push(hop);
    }
    // What poison marks adds up to no loot: its shares are of the most that was ever marked.
    const sums = trace.moments.map((_, i) => [...nodes.values()].reduce((sum, {curve}) => sum + curve[i], 0));
    const total = policy.poison ? Math.max(...sums) || 1 : 1;
    return {...policy, nodes, hops, pairs: [...pairs.values()], total};
}
const policies = trace.policies.map(prepared);
const weight_text = (policy, weight) => policy.poison ? `${dollars(weight)} marked` : percent(weight);

// ---- Places in the picture: how many hops from where it begins; the same for every policy and moment ----

function depths() {
    const next = new Map();
    for (const {hops} of policies) {
        for (const {from, to} of hops) {
            const [a, b] = trace.forward ? [from, to] : [to, from];
            if (!next.has(a))
                next.set(a, new Set());
            next.get(a).add(b);
        }
    }
    const everybody = new Set(policies.flatMap(({nodes}) => [...nodes.keys()]));
    const depth = new Map();
    let row = [...everybody].filter((account) => account !== others && trace.accounts[account].root);
    for (let at = 0; row.length; ++at) {
        row.forEach((account) => depth.set(account, at));
        row = [...new Set(row.filter((account) => account !== others).flatMap((account) => [...(next.get(account) || [])]))]
            .filter((account) => everybody.has(account) && !depth.has(account));
    }
    const deepest = Math.max(0, ...depth.values());
    for (const account of everybody) {
        if (!depth.has(account) || account === others)
            depth.set(account, deepest + 1);
    }
    return {depth, next};
}
const importance = new Map();
for (const {nodes, pairs, total} of policies) {
    for (const {account, curve} of nodes.values())
        importance.set(account, Math.max(importance.get(account) || 0, ...curve.map((weight) => weight / total)));
    for (const {to, weight} of pairs)
        importance.set(to, Math.max(importance.get(to) || 0, weight / total));
}
/** Columns of accounts, each beside those who paid it. */
const columns = (() => {
    const {depth, next} = depths();
    const list = [];
    for (const [account, at] of depth)
        (list[at] ??= []).push(account);
    const columns = list.filter(Boolean);
    const height = new Map();
    columns.forEach((column, at) => {
        const before = columns[at - 1] || [];
        const place = new Map(column.map((account) => {
            const payers = before.filter((payer) => next.get(payer)?.has(account));
            return [account, payers.reduce((sum, payer) => sum + height.get(payer), 0) / (payers.length || 1)];
        }));
        column.sort((a, b) => place.get(a) - place.get(b) || (importance.get(b) || 0) - (importance.get(a) || 0) || a - b);
        column.forEach((account, i) => height.set(account, (i + 0.5) / column.length));
    });
    return columns;
})();
/** Pixels of everybody in a picture of this size; long columns stand in several files. */
function places(width, height, upright) {
    const [along, across] = upright ? [height, width] : [width, height];
    const files_of = (column) => Math.ceil(column.length / Math.max(4, Math.floor(across / 24)));
    const files = columns.reduce((sum, column) => sum + files_of(column) + 0.6, 0.4);
    const result = new Map();
    let at = 0.5;
    for (const column of columns) {
        const count = files_of(column);
        column.forEach((account, i) => {
            const x = along * (at + i % count + 0.2) / files;
            const y = across * (i + 0.5) / column.length;
            result.set(account, upright ? [y, x] : [x, y]);
        });
        at += count + 0.6;
    }
    return result;
}

// ---- Colours by role ----

const roles = (() => {
    const sizes = new Map();
    for (const [account, size] of importance) {
        if (account !== others)
            sizes.set(role_of(account), (sizes.get(role_of(account)) || 0) + size);
    }
    return [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([role]) => role);
})();
const roles_max = 8;
function colour_of(role, colours) {
    const at = roles.indexOf(role);
    return at >= 0 && at < roles_max ? colours.colours[at] : colours.quiet;
}
function role_list() {
    const list = make('ul', {class: 'roles', 'aria-label': 'Colours'});
    const fill = () => {
        const colours = ink();
        const entry = (colour, text, kind = '') => {
            const dot = make('span', {class: kind});
            dot.style.background = colour;
            return make('li', {}, dot, text);
        };
        list.replaceChildren(...roles.slice(0, roles_max).map((role) => entry(colour_of(role, colours), role)),
            ...(roles.length > roles_max ? [entry(colours.quiet, `${roles.length - roles_max} other roles`)] : []),
            entry(colours.card, trace.forward ? 'where it begins' : 'whose it is', 'root'));
    };
    return {list, fill};
}

// ---- What is drawn at a moment ----

/** Pairs and accounts that the slider and the filter leave. */
function visible(policy) {
    const block = trace.moments[state.moment];
    const pairs = policy.pairs.filter(({first, weight}) => first <= block && weight / policy.total >= state.least);
    const inside = new Set(pairs.flatMap(({from, to}) => [from, to]));
    const nodes = [...policy.nodes.values()].filter(({account, curve}) => inside.has(account)
        || (account !== others && trace.accounts[account].root)
        || curve[state.moment] > 0 && curve[state.moment] / policy.total >= state.least);
    return {nodes, pairs};
}
function neighbours(pairs) {
    if (state.chosen === null)
        return null;
    const near = new Set(state.chosen);
    if (state.chosen.length === 1) {
        for (const {from, to} of pairs) {
            if (from === state.chosen[0]) near.add(to);
            if (to === state.chosen[0]) near.add(from);
        }
    }
    return near;
}
const is_chosen_pair = ({from, to}) => state.chosen.length === 1
    ? from === state.chosen[0] || to === state.chosen[0] : from === state.chosen[0] && to === state.chosen[1];

function graph_options(policy, width, height, small) {
    const colours = ink();
    const upright = innerWidth < 600 && !printing;
    const margin = {x: upright ? 24 : 60, y: 26};
    const at = places(width - 2 * margin.x, height - 2 * margin.y, upright);
    const {nodes, pairs} = visible(policy);
    const near = neighbours(pairs);
    const scale = small || upright ? 0.7 : 1;
    const now = ({curve}) => Math.max(0, curve[state.moment]) / policy.total;
    const labelled = new Set([...nodes].sort((a, b) => now(b) - now(a)).slice(0, upright || small ? 7 : labels_max).map(({account}) => account));
    const lit = (account) => state.found.size ? state.found.has(account) : !near || near.has(account);
    const corner = (x, y) => ({name: `corner ${x} ${y}`, x: x * (width - 2 * margin.x), y: y * (height - 2 * margin.y), symbolSize: 0,
        silent: true, label: {show: false}, tooltip: {show: false}});
    return {
        ...base(colours),
        tooltip: {...base(colours).tooltip, formatter: ({dataType, data}) => dataType === 'edge'
            ? pair_text(policy, data.pair) : node_text(policy, data.account)},
        series: [{
            type: 'graph', layout: 'none', left: margin.x, right: margin.x, top: margin.y, bottom: margin.y,
            roam: state.zoomed || matchMedia('(pointer: fine)').matches ? 'move' : false,
            edgeSymbol: ['none', 'arrow'], edgeSymbolSize: 5, labelLayout: {hideOverlap: true}, emphasis: {disabled: true},
            data: nodes.map((node) => {
                const {account} = node;
                const root = account !== others && trace.accounts[account].root;
                const is_marked = state.chosen?.includes(account) || state.found.has(account);
                const [x, y] = at.get(account);
                return {name: String(account), account, x, y, symbol: account === others ? 'roundRect' : 'circle',
                    symbolSize: scale * (5 + 85 * Math.sqrt(Math.min(0.5, now(node)))), z: is_marked ? 3 : 2,
                    itemStyle: {color: colour_of(role_of(account), colours), opacity: lit(account) ? 0.92 : 0.15,
                        borderColor: root || is_marked ? colours.text : colours.card, borderWidth: root || is_marked ? 2 : 0.5},
                    label: {show: lit(account) && (labelled.has(account) || root || is_marked || Boolean(near)), position: 'bottom', distance: 2,
                        color: colours.text, fontSize: is_marked || root ? 12 : 10.5, fontWeight: is_marked || root ? 600 : 400,
                        textBorderColor: colours.card, textBorderWidth: 2, width: upright ? 90 : 150, overflow: 'truncate',
                        formatter: () => name_of(account, policy)}};
            }).concat(corner(0, 0), corner(1, 1)),
            links: pairs.map((pair) => {
                const on = state.found.size ? state.found.has(pair.from) || state.found.has(pair.to) : !near || is_chosen_pair(pair);
                const colour = colour_of(role_of(pair.from), colours);
                return {source: String(pair.from), target: String(pair.to), pair,
                    lineStyle: {color: colour, width: 0.6 + 7 * scale * Math.sqrt(Math.min(1, pair.weight / policy.total)),
                        opacity: on ? (near || state.found.size ? 0.8 : 0.4) : 0.05, curveness: 0.14}};
            }),
        }],
    };
}
function node_text(policy, account) {
    const node = policy.nodes.get(account);
    const into = policy.pairs.filter(({to}) => to === account).reduce((sum, {weight}) => sum + weight, 0);
    return [name_of(account, policy), role_of(account),
        `${weight_text(policy, node.curve[state.moment])} in block ${trace.moments[state.moment]}`,
        `${weight_text(policy, node.weight)} at the end${node.places ? `, as ${node.places}` : ''}`,
        into ? `${weight_text(policy, into)} came to it in all` : ''].filter(Boolean).map((line) => line.slice(0, 120)).join('\n');
}
const blocks_text = (first, final) => first === final ? `block ${first}` : `blocks ${first} to ${final}`;
function pair_text(policy, {from, to, weight, first, final, hops}) {
    const lines = hops.slice(0, 6).map(({amount, exchanged, through, count, bundled}) => amount === null ? `${bundled} hops`
        : [exchanged ? `${exchanged} as ` : '', shown(amount), through ? ` through ${through}` : '', count > 1 ? `, ${count} times` : ''].join(''));
    if (hops.length > 6)
        lines.push(`and ${hops.length - 6} more`);
    return [`${name_of(from, policy)} → ${name_of(to, policy)}`, weight_text(policy, weight), ...lines, blocks_text(first, final)].join('\n');
}

// ---- Hops of who is chosen, as a table ----

function hop_table(policy) {
    const [a, b] = state.chosen;
    const mine = policy.hops.filter(({from, to}) => state.chosen.length === 1 ? from === a || to === a : from === a && to === b);
    const kinds = policy.kinds.map((_, i) => i).filter((i) => mine.some(({loot}) => loot.some(([kind]) => kind === i)));
    const column = (key, label, unit = 'none', more = {}) => ({key, label, unit, ...more});
    const press = (name) => choose([...policy.nodes.keys()].find((account) => name_of(account, policy) === name));
    const table = {
        key: 'hops', shown: 15, left_out: 0,
        columns: [column('from', 'From', 'none', {press}), column('to', 'To', 'none', {press}),
            column(policy.poison ? 'marked_usd' : 'share', policy.poison ? 'Marked' : 'Share', policy.poison ? 'usd' : 'share'),
            ...kinds.map((i) => column(`loot_${policy.kinds[i].name}`, `Loot, ${policy.kinds[i].name}`)),
            column('amount', 'Moved'), column('exchanged', trace.forward ? 'Given for it' : 'Became'), column('through', 'Through'),
            column('times', 'Times', 'count'), column('first_block', 'First block'), column('last_block', 'Last block')],
        rows: [],
    };
    table.rows = [...mine].sort((x, y) => x.first - y.first || y.weight - x.weight).map((hop) => [
        name_of(hop.from, policy), name_of(hop.to, policy), hop.weight,
        ...kinds.map((i) => { const part = hop.loot.find(([kind]) => kind === i); return part ? [part[1], policy.kinds[i].decimals, policy.kinds[i].symbol] : null; }),
        hop.amount, hop.exchanged, hop.through, hop.count ?? hop.bundled, hop.first, hop.final]);
    return table;
}
function details(policy) {
    const [a, b] = state.chosen;
    if (!policy.nodes.has(a))
        return block(trace.accounts[a]?.name || 'others', `By ${policy.name} it has no part in it, or is among the others.`, []);
    const table = hop_table(policy);
    const node = policy.nodes.get(a);
    const name = name_of(a, policy);
    const title = b === undefined ? name : `${name} → ${name_of(b, policy)}`;
    const sentence = b !== undefined ? `By ${policy.name}: ${table.rows.length} hops.`
        : `By ${policy.name}: ${role_of(a)}; ${weight_text(policy, node.weight)} at the end${node.loot ? ` (${node.loot})` : ''}` +
          `${node.places ? `, as ${node.places}` : ''}; ${grouped(table.rows.length, 0)} hops.`;
    const view = block(title, sentence, table.rows.length ? [csv_link(`hops_${policy.name}_${file_name(title)}`, table)] : [],
        ...(table.rows.length ? table_view(table) : []));
    view.querySelector('h3').setAttribute('tabindex', '-1');
    return view;
}
const file_name = (text) => text.replace(/[^A-Za-z0-9]+/g, '_').slice(0, 60);

// ---- Who has it at the end, by policy ----

function holders_block() {
    const accounts = [...new Set(policies.flatMap(({nodes}) => [...nodes.values()].filter(({weight}) => weight > 0)
        .map(({account}) => account)))].filter((account) => account !== others);
    const weight = (policy, account) => policy.nodes.get(account)?.weight || null;
    accounts.sort((a, b) => (weight(policies[0], b) || 0) - (weight(policies[0], a) || 0) || a - b);
    const many = policies.length > 1;
    const table = {
        key: 'holders', shown: 15, left_out: 0,
        columns: [{key: 'account', label: 'Account', unit: 'none', press: (name) => choose(by_name.get(name))},
            {key: 'role', label: 'Role', unit: 'none'},
            ...policies.map(({name, poison}) => ({key: poison ? 'poison_marked_usd' : many ? name : 'share',
                label: poison ? 'Poison, marked' : many ? name[0].toUpperCase() + name.slice(1) : 'Share', unit: poison ? 'usd' : 'share'})),
            ...(many ? [] : [{key: 'loot', label: 'Loot', unit: 'none'}, {key: 'as', label: 'As', unit: 'none'}])],
        rows: accounts.map((account) => [trace.accounts[account].name, role_of(account), ...policies.map((policy) => weight(policy, account)),
            ...(many ? [] : [policies[0].nodes.get(account).loot, policies[0].nodes.get(account).places])]),
    };
    const folded = policies.filter((policy) => policy.others.accounts && policy.others.weight > 0)
        .map((policy) => `${weight_text(policy, policy.others.weight)} by ${policy.name}`).join(', ');
    return block(trace.forward ? 'Who has it at the end' : 'Who had it first',
        folded ? `Without the accounts that are folded into others, who have ${folded}.` : 'What is in a contract is its owner’s.',
        [csv_link('holders', table)], ...table_view(table));
}

// ---- The page ----

const by_name = new Map(trace.accounts.map(({name}, i) => [name, i]));
const status = make('p', {class: 'quiet', role: 'status'});
const now_text = make('p', {class: 'quiet now'});
const details_place = make('div', {id: 'hops'});
const grid = make('div', {class: 'grid single'});
const legend_of_roles = role_list();
const summaries = make('div');
const drawn_text = make('p', {class: 'quiet'});
let views = [];

function choose(account, payee) {
    const chosen = account === undefined || account === null ? null : payee === undefined ? [account] : [account, payee];
    state.chosen = chosen;
    state.found.clear();
    details_place.replaceChildren(...(chosen ? state.policies.map((i) => details(policies[i])) : []));
    draw();
    const policy = policies[state.policies[0]];
    status.textContent = chosen && policy.nodes.has(account)
        ? `${node_text(policy, account).replaceAll('\n', ', ')}. Its hops are listed below the graph.` : '';
}
/** Everybody in the picture, who has most first: the order of the arrow keys. */
function walk(step) {
    const policy = policies[state.policies[0]];
    const order = visible(policy).nodes.sort((a, b) => b.curve[state.moment] - a.curve[state.moment] || a.account - b.account)
        .map(({account}) => account);
    const at = state.chosen ? order.indexOf(state.chosen[0]) : -1;
    if (order.length)
        choose(order[at < 0 ? (step > 0 ? 0 : order.length - 1) : (at + step + order.length) % order.length]);
}
function zoom(factor) {
    state.zoomed = factor !== 0;
    for (const {echart} of views) {
        if (factor === 0)
            echart.setOption({series: [{zoom: 1, center: null}]});
        else
            echart.dispatchAction({type: 'graphRoam', seriesIndex: 0, zoom: factor, originX: echart.getWidth() / 2, originY: echart.getHeight() / 2});
    }
    draw();
}
function keys(event) {
    const actions = {ArrowRight: () => walk(1), ArrowDown: () => walk(1), ArrowLeft: () => walk(-1), ArrowUp: () => walk(-1),
        Escape: () => choose(null), '+': () => zoom(1.4), '-': () => zoom(1 / 1.4), 0: () => zoom(0),
        Enter: () => details_place.querySelector('h3')?.focus()};
    if (actions[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        actions[event.key]();
    }
}

const height_of = ({small}) => printing ? (small ? 320 : 560) : small ? 420 : innerWidth < 600 ? 720 : 680;

/** Makes the pictures of the chosen policies anew. */
function rebuild() {
    for (const {echart} of views)
        echart.dispose();
    const small = state.policies.length > 1;
    grid.className = small ? 'grid pairs' : 'grid single';
    views = state.policies.map((i) => {
        const policy = policies[i];
        const place = make('div', {class: 'chart graph', tabindex: '0', role: 'img', 'aria-label':
            `Graph by ${policy.name}: ${policy.nodes.size} accounts, ${policy.pairs.length} arrows. Arrow keys go from account to account, ` +
            'Enter goes to the hops of the account, Escape lets it go, plus, minus and 0 zoom. The same is in the tables.'});
        place.style.height = `${height_of({small})}px`;
        grid.append(make('figure', {}, ...(policies.length > 1 ? [make('figcaption', {}, policy.name)] : []), place));
        place.addEventListener('keydown', keys);
        return {policy, place, small};
    });
    grid.replaceChildren(...views.map(({place}) => place.closest('figure')));
    summaries.replaceChildren(...views.map(({policy}) => make('p', {class: 'summary'}, summary(policy))));
    drawn_text.textContent = views.map(({policy}) => drawn_sentence(policy)).join(' ');
    for (const view of views) {
        view.echart = echarts.init(view.place, null, {renderer: 'svg'});
        view.echart.on('click', ({dataType, data}) => {
            if (dataType === 'edge')
                choose(data.pair.from, data.pair.to);
            else if (data.account !== undefined)
                choose(data.account);
        });
        view.echart.getZr().on('click', ({target}) => { if (!target && (state.chosen || state.found.size)) choose(null); });
    }
    if (state.chosen)
        choose(...state.chosen);
    else
        draw();
}
function draw() {
    for (const {policy, place, small, echart} of views) {
        if (printing)
            echart.resize({width: small ? 335 : 690, height: height_of({small})});
        else
            echart.resize({width: 'auto', height: 'auto'});
        echart.setOption(graph_options(policy, echart.getWidth(), echart.getHeight(), small));
        place.dataset.moment = state.moment;
    }
    const least = state.least ? `; hops and accounts of at least ${percent(state.least)}` : '';
    now_text.textContent = `After block ${trace.moments[state.moment]}, ${moment(trace.times[state.moment])}${least}.`;
    legend_of_roles.fill();
}
function drawn_sentence(policy) {
    const parts = [`${policy.name[0].toUpperCase()}${policy.name.slice(1)}: ${grouped(policy.nodes.size - (policy.others.accounts ? 1 : 0), 0)} accounts`];
    if (policy.others.accounts)
        parts.push(`those with most, and the rest folded into others (${grouped(policy.others.accounts, 0)} accounts), ` +
            `whose ${grouped(policy.hops_among_others, 0)} hops among themselves are not drawn`);
    if (policy.hops_left_out)
        parts.push(`${grouped(policy.hops_left_out, 0)} smaller hops are not in this page; runnel trace --json has all`);
    if (policy.hops_below_min)
        parts.push(`${grouped(policy.hops_below_min, 0)} hops below --min ${trace.min}`);
    if (policy.movements_not_told_apart)
        parts.push(`${grouped(policy.movements_not_told_apart, 0)} movements between more pairs than are told apart`);
    return `${parts.join('; ')}.`;
}

function range(label, most, value, text, changed) {
    const input = make('input', {type: 'range', min: 0, max: most, 'aria-label': label});
    input.value = value;
    const output = make('output');
    const tell = () => { output.textContent = text(Number(input.value)); input.setAttribute('aria-valuetext', output.textContent); };
    input.addEventListener('input', () => { tell(); changed(Number(input.value)); });
    tell();
    return {input, tell, view: make('div', {class: 'slider'}, make('label', {}, label), input, output)};
}
function time_slider() {
    const slider = range('Time', last, last, (i) => `block ${trace.moments[i]}, ${moment(trace.times[i])}`,
        (i) => { state.moment = i; draw(); });
    const button = make('button', {type: 'button'}, 'Play');
    let timer = null;
    const stop = () => { clearInterval(timer); timer = null; button.textContent = 'Play'; };
    const go = (i) => { slider.input.value = i; slider.tell(); state.moment = i; draw(); };
    button.addEventListener('click', () => {
        if (timer !== null)
            return stop();
        if (state.moment === last)
            go(0);
        button.textContent = 'Stop';
        timer = setInterval(() => state.moment < last ? go(state.moment + 1) : stop(), 200);
    });
    slider.input.addEventListener('input', stop);
    slider.view.append(button);
    slider.view.classList.add('time');
    return slider.view;
}
function search_field() {
    const list = make('datalist', {id: 'names'}, ...trace.accounts.map(({name}) => make('option', {value: name})));
    const input = make('input', {type: 'search', list: 'names', placeholder: 'Name of an account', 'aria-label': 'Search an account'});
    const here = () => new Set(state.policies.flatMap((i) => [...policies[i].nodes.keys()]));
    input.addEventListener('input', () => {
        const text = input.value.trim().toLowerCase();
        state.chosen = null;
        details_place.replaceChildren();
        state.found = new Set(text === '' ? [] : [...here()].filter((account) => account !== others
            && trace.accounts[account].name.toLowerCase().includes(text)));
        const exact = [...state.found].find((account) => trace.accounts[account].name.toLowerCase() === text);
        if (exact !== undefined)
            return choose(exact);
        status.textContent = text === '' ? '' : state.found.size ? `${state.found.size} accounts match; Enter chooses the first.`
            : 'No account of this graph matches: it may be among the others.';
        draw();
    });
    input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || !state.found.size)
            return;
        choose([...state.found].sort((a, b) => (importance.get(b) || 0) - (importance.get(a) || 0))[0]);
    });
    return make('div', {class: 'slider'}, make('label', {}, 'Search'), input, list);
}
function policy_choice() {
    const options = [...policies.map(({name}, i) => [name, [i]]), ['side by side', policies.map((_, i) => i)]];
    return make('fieldset', {}, make('legend', {}, 'How loot mixes with other money'), ...options.map(([name, chosen], i) => {
        const input = make('input', {type: 'radio', name: 'policy', value: name, ...(i === 0 ? {checked: ''} : {})});
        input.addEventListener('change', () => { state.policies = chosen; rebuild(); });
        return make('label', {}, input, ` ${name}`);
    }));
}
function zoom_buttons() {
    const button = (text, label, factor) => {
        const element = make('button', {type: 'button', 'aria-label': label}, text);
        element.addEventListener('click', () => zoom(factor));
        return element;
    };
    return make('div', {class: 'zoom'}, button('+', 'Zoom in', 1.4), button('−', 'Zoom out', 1 / 1.4), button('All', 'Show all', 0));
}
function summary(policy) {
    const value = policy.value_usd > 0 ? ` (${dollars(policy.value_usd)} when it was taken)` : '';
    const exact = policy.poison ? 'Poison marks whatever a marked holding pays: the amounts do not add up to the loot.'
        : policy.sums_to_loot ? `All of it is accounted for, to ${grouped(policy.error_below_units, 0)} smallest units of rounding.`
            : 'NOT ALL OF IT IS ACCOUNTED FOR.';
    return `${trace.forward ? 'Loot' : 'What is there'} by ${policy.name}: ${policy.loot}${value}, followed through ${grouped(policy.movements, 0)} movements. ${exact}`;
}

const page = document.getElementById('page');
const least = range('At least', shares.length - 1, 0, (i) => shares[i] ? `${percent(shares[i])} of the loot` : 'all hops',
    (i) => { state.least = shares[i]; draw(); });
page.replaceChildren(make('h1', {}, trace.title), make('p', {class: 'quiet'}, trace.subtitle),
    summaries,
    make('div', {class: 'block'},
        make('header', {}, make('div', {}, make('h3', {}, 'The way it went'),
            make('p', {class: 'quiet'}, `Circles are accounts, as large as the loot that they have at the moment; arrows the hops between them, ` +
                `from the block of the first on, as wide as all that they carried. ${trace.forward ? 'Left is where it begins' : 'Right is whose it is'} (on a phone ` +
                `${trace.forward ? 'above' : 'below'}); columns are hops from there. A click on a circle or an arrow lists its hops.`)), zoom_buttons()),
        make('div', {class: 'controls'}, time_slider(), least.view, search_field(), ...(policies.length > 1 ? [policy_choice()] : [])),
        now_text, grid, legend_of_roles.list, drawn_text, status),
    details_place, holders_block());
if (!trace.forward)
    columns.reverse();
rebuild();

addEventListener('resize', () => { if (!printing) draw(); });
on_other_colours(() => {
    for (const view of views)
        view.place.style.height = `${height_of(view)}px`;
    draw();
});
})();
