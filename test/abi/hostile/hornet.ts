/** What each kind of function of hornet/, a plugin in AssemblyScript, does when it must not, and what is to become of it. */

/** What the functions do, by the last word of the path; what the log says of it. */
const harms: readonly (readonly [what: string, reason: RegExp])[] = [
  ['loop', /: it ran for more than 50ms \(plugin_time_limit\) \(assembly\/index\.ts:\d+:\d+\)/],
  ['memory', /: [^:]*; it was refused more memory \(plugin_memory_limit 16m\)|: it ran for more than 50ms \(plugin_time_limit\)/],
  ['deep', /: stack overflow \(assembly\/index\.ts:\d+:\d+\)/],
  ['throw', /: out of its nest \(assembly\/index\.ts:\d+:\d+\)/],
]

interface KindOfCall {
  readonly name: string
  /** What the log calls it. */
  readonly label: string
  /** The answer; 0: cut off. */
  readonly status: number
  readonly body?: string
  readonly post?: boolean
  /** In place of `hornet NAME; good;`; `%` stands for what it does. */
  readonly location?: string
}

const hooks = ['header_parser', 'access_checker', 'check_user_id', 'type_checker', 'fixups', 'insert_filter', 'handler']
const script = (statement: string): string => `event_route[xhttp:request] { ${statement} xhttp_reply("200", "OK", "text/plain", "after"); }`

const calls: readonly KindOfCall[] = [
  ...hooks.map((name) => ({ name, label: `hook ${name}`, status: 500 })),
  { name: 'log_transaction', label: 'hook log_transaction', status: 200 },
  { name: 'preaccess', label: 'phase preaccess', status: 500 },
  { name: 'waiting', label: 'phase precontent', status: 500 },
  { name: 'log', label: 'phase log', status: 200 },
  { name: 'context', label: 'phase rewrite', status: 500 },
  { name: 'header_filter', label: 'header filter', status: 500 },
  { name: 'body_filter', label: 'body filter', status: 0 },
  { name: 'body_filter_start', label: 'body filter start', status: 500 },
  { name: 'buffered_filter', label: 'body filter', status: 500 },
  { name: 'buffered_filter_start', label: 'body filter start', status: 500 },
  { name: 'waiting_filter', label: 'body filter', status: 500 },
  { name: 'input_filter', label: 'input filter', status: 500, post: true, location: 'hornet input_filter; hornet_read;' },
  { name: 'input_filter_start', label: 'input filter start', status: 500, post: true, location: 'hornet input_filter_start; hornet_read;' },
  { name: 'buffered_input', label: 'input filter', status: 500, post: true, location: 'hornet buffered_input; hornet_read;' },
  { name: 'waiting_input', label: 'input filter', status: 500, post: true, location: 'hornet waiting_input; hornet_read;' },
  { name: 'stream', label: 'content handler of "hornet_stream"', status: 500, location: 'hornet_stream;' },
  { name: 'ordered', label: 'content handler of "hornet_ordered"', status: 500, location: 'hornet_ordered;' },
  { name: 'function', label: 'function hornet_harm', status: 500, location: script('hornet_harm("%");') },
  { name: 'nap', label: 'function hornet_nap', status: 500, location: script('hornet_nap("%");') },
  { name: 'pv', label: 'variable $hornet', status: 500, location: script('$var(x) = $hornet(%);') },
  { name: 'transformation', label: 'transformation {hornet.harm}', status: 500, location: script('$var(x) = $(hu{hornet.harm,%});') },
  { name: 'admit', label: 'event_route[hornet:request]', status: 500, location: 'event_route[hornet:request] { exit; }' },
  { name: 'variable', label: 'variable $hornet', status: 200, body: '[]', location: 'return 200 "[$hornet]";' },
]

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** One location for each kind of function and harm. */
export const hornetLocations = calls.flatMap(({ name, location = `hornet ${name}; good;` }) =>
  harms.map(([what]) => `location = /hornet_${name}_${what} { ${location.replaceAll('%', what)} }`)).join('\n')

/** The requests: their answers, and what the log says. */
export const hornetCases = calls.flatMap(({ name, label, status, body, post = false }) => harms.map(([what, reason]) => ({
  path: `/hornet_${name}_${what}`, status, method: post ? 'POST' : 'GET', ...(body === undefined ? {} : { body }),
  log: new RegExp(`^\\[error\\] \\d+#1: \\*\\d+ plugin hornet trapped in ${quoted(label)} of location /hornet_${name}_${what}(?=: )(?:${reason.source})`),
})))
