import assert from 'node:assert/strict'
import { test } from 'node:test'
import { availableParallelism } from 'node:os'
import { makeConfiguration } from '../../host/modules/kamailio/tree.ts'
import type { MadeStatement } from '../../host/modules/kamailio/statements.ts'
import { applyModparam } from '../../host/script/modparam.ts'
import type { ModuleParameter } from '../../host/script/contract.ts'
import { readFile, told } from './kamailio-kit.ts'
import { printStatements } from './kamailio-print.ts'

/** The text of route A of a file without mistakes. */
function routeA(text: string, options: Parameters<typeof readFile>[1] = {}): string {
  const { file, problems } = readFile(text, options)
  assert.deepEqual(told(problems), [], text)
  return printStatements(file.routes.find(({ name }) => name === 'A')?.body ?? [])
}

test('defines are replaced as tokens, outside of texts', () => {
  assert.equal(routeA('#!define V 1 + \\\n  2\nroute[A] { $x = V * 3; f("V"); }'), '$x = (1 + (2 * 3));\nf("V");')
  assert.equal(routeA('#!define W V\n!!define V "s"\nroute[A] { $x = W; }'), '$x = "s";')
  assert.equal(routeA('#!define NAME A\n#!define EMPTY\nroute[NAME] { EMPTY $x = 1 EMPTY; }'), '$x = 1;')
  assert.equal(routeA('#!def V 1\n#!trydef V 2\n#!trydefine W 3\n#!redef W 4\nroute[A] { $x = V + W; }'), '$x = (1 + 4);')
  assert.equal(routeA('#!define A1 A1\nroute[A] { f("A1"); }'), 'f("A1");')
  assert.equal(routeA('#!defenv MYENV\n#!defenvs S=MYENV\n#!trydefenv NONE\nroute[A] { $x = MYENV; $y = S; }'), '$x = 123;\n$y = "123";')
  assert.equal(routeA('route[A] { $x = V; }', { defines: [['V', '7']] }), '$x = 7;')
})

test('mistakes of defines', () => {
  const first = (text: string): string | undefined => told(readFile(text).problems)[0]
  assert.equal(first('#!define V 1\n#!define V 2\n'), '2:10 "V" is defined already (use "#!redefine" to replace it, "#!trydef" to keep the first)')
  assert.equal(first('#!define\n'), '1:9 "#!define" needs a name')
  assert.equal(first('#!define V (\nroute[A] { $x = V; }'), '2:18 unexpected ";", expecting a value')
  assert.equal(first('#!define V +\nroute[A] { $x = V 1; }'), '2:17 unexpected "+", expecting a value (it comes from "#!define V")')
  const chain = Array.from({ length: 20 }, (_, i) => `#!define D${i} D${i + 1}\n`).join('')
  assert.equal(first(`${chain}route[A] { $x = D0; }`), '21:17 defines name each other more than 10 deep')
  const bomb = Array.from({ length: 10 }, (_, i) => `#!define D${i} ${`D${i + 1} `.repeat(20)}\n`).join('')
  assert.ok(told(readFile(`${bomb}route[A] { $x = D0; }`).problems).includes('11:17 the values of defines are longer than 1000000 characters altogether'))
  assert.equal(told(readFile('#!ifdfe X\n').problems, 'warn')[0], '1:1 "#!ifdfe" is a comment (did you mean "#!ifdef"?)')
})

test('conditions nest, stand anywhere and hide anything', () => {
  const text = `#!define X
#!ifdef X
#!ifndef Y
route[A] {
#!ifdef Y
  this is }} not { " valid
#!ifdef X
  nor this
#!else
  nor that
#!endif
#!else
  $x = 1; !!ifdef X
  $y = 2; #!endif
#!endif
}
#!else
route[A] { $z = 3; }
#!endif
#!endif
`
  assert.equal(routeA(text), '$x = 1;\n$y = 2;')
  assert.equal(routeA(text.replaceAll('\n', '\r\n')), '$x = 1;\n$y = 2;')
  assert.equal(routeA('loadmodule "xhttp.so"\n#!ifdef MOD_xhttp\nroute[A] { $x = 1; }\n#!endif'), '$x = 1;')
  assert.equal(routeA('#!ifdef KAMAILIO_5\nroute[A] { $x = 1; }\n#!endif'), '$x = 1;')
  assert.deepEqual(told(readFile('#!else\n').problems), ['1:1 "#!else" without "#!ifdef"'])
})

test('substitutions change texts and variables', () => {
  assert.equal(routeA('#!substdef "!HOST!a.example!g"\nroute[A] { $x = "HOST HOST"; f(\'HOST\'); }'), '$x = "a.example a.example";\nf("a.example");')
  assert.equal(routeA('#!subst "/a(.)c/<\\1>$&/i"\nroute[A] { $x = "xABCabc"; $var(abc) = 1; }'), '$x = "x<B>$&abc";\n$var(<b>$&) = 1;')
  assert.equal(routeA('#!substdefs "!Q!a\\"b!g"\nroute[A] { $x = Q; }'), '$x = "a\\"b";')
  assert.deepEqual(told(readFile('#!subst "/a/b"\n#!subst "/(/b/"\n#!subst x\n#!subst "/a/b/q"\n').problems), [
    '1:9 "#!subst" needs its delimiter "/" three times', '2:9 "#!subst" has an invalid expression "("',
    '3:9 "#!subst" needs "/expression/replacement/flags" in quotes', '4:9 "#!subst" has the unknown flag "q"',
  ])
  const grows = Array.from({ length: 12 }, () => '#!subst "/a/aaaaaaaaaaaaaaaa/g"\n').join('')
  assert.match(told(readFile(`${grows}route[A] { $x = "a"; }`).problems)[0]!, /a substitution makes this text too long/)
})

test('files include each other up to a bound', () => {
  const includes = { '/etc/a.cfg': 'include_file "b.cfg"\n', '/etc/b.cfg': '#!include_file "a.cfg"\n' }
  assert.deepEqual(told(readFile('include_file "a.cfg"\n', { files: includes }).problems), ['1:16 "/etc/a.cfg" includes itself'])
  const many = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`/etc/f${i}.cfg`, `include_file "f${i + 1}.cfg"\ninclude_file "f${i + 1}.cfg"\n`]))
  const { problems } = readFile('include_file "f0.cfg"\n', { files: many })
  assert.ok(told(problems).some((line) => line.endsWith('files include each other more than 10 deep')))
  assert.ok(told(problems).length <= 500)
  const inner = readFile('include_file "bad.cfg"\nroute[B] { exit; }', { files: { '/etc/bad.cfg': 'route[A] {\n  $x = ;\n}\n' } })
  assert.equal(inner.problems[0]!.error.line, 'unexpected ";", expecting a value in /etc/bad.cfg:2')
  assert.deepEqual(inner.file.files, ['/etc/t.cfg', '/etc/bad.cfg'])
  assert.deepEqual(told(readFile('include_file nope\ninclude_file ""\n').problems), [
    '1:14 "include_file" needs the name of a file in quotes', '2:14 the name of an included file has 1 to 127 bytes',
  ])
  assert.deepEqual(told(readFile('import_file "nope"\nroute[A] { import_file "nope" exit; }').problems), [])
})

test('settings, listeners, variables, modules and parameters', () => {
  const { file, problems } = readFile(`\xef\xbb\xbf#!KAMAILIO
debug=-1 log_facility=LOG_LOCAL0
port=5070; tcp_accept_no_cl = yes
listen=udp:10.0.0.1:5060 tcp:[::1]:80
listen=tcp:example.com advertise 1.2.3.4:90 name "web"
listen=eth0
listen="tcp:127.0.0.1:81"
alias="a.example" b.example
custom.opt = -5 desc "an option"
mpath "/usr/lib"
flags FLT_A:3, FLT_B
loadmodule "/usr/lib/kamailio/sl.so"
loadmodule "plugins/own.wasm"
modparam("sl|xlog", "x", 0660);
modparam('sl', "y", "a" "b")
route { setflag(FLT_A); setflag(FLT_B); }
`.replace('\xef\xbb\xbf', '\ufeff'))
  assert.deepEqual(told(problems), [])
  assert.deepEqual(file.settings.map(({ name, value }) => [name, value]), [
    ['debug', -1], ['log_facility', 'LOG_LOCAL0'], ['port', 5070], ['tcp_accept_no_cl', 1], ['alias', 'a.example'], ['alias', 'b.example'],
  ])
  assert.deepEqual(file.listens.map(({ protocol, address, port, advertise, name }) => [protocol, address, port, advertise, name]), [
    ['udp', '10.0.0.1', 5060, null, null], ['tcp', '[::1]', 80, null, null], ['tcp', 'example.com', 0, '1.2.3.4:90', 'web'],
    [null, 'eth0', 0, null, null], ['tcp', '127.0.0.1', 81, null, null],
  ])
  assert.deepEqual(file.variables.map(({ group, name, value }) => [group, name, value]), [['custom', 'opt', -5]])
  assert.deepEqual(file.modules.map(({ name, file: path }) => [name, path]), [['sl', undefined], ['own', 'plugins/own.wasm']])
  assert.deepEqual(file.modparams.map(({ module, name, value }) => [module, name, value]), [['sl|xlog', 'x', 432], ['sl', 'y', 'ab']])
  assert.equal(printStatements(file.routes[0]!.body), 'setflag(3);\nsetflag(0);')
  assert.equal(file.routes[0]!.kind, 'request_route')
})

test('mistakes at the top level, each told once', () => {
  const { problems } = readFile(`debgu=2
children=08
listen=tcp:127.0.0.1:70000
loadmodule "../../etc/passwd"
loadmodule "a b"
loadmodule "sl"
loadmodule "sl.so"
modparam("sl", "a")
modparam(sl, "a", 1)
}
event_route[nocolon] { exit; }
route[A] { x }
onreply_route { exit; }
failure_route { exit; }
flags F:40
unknown { a = 1; b }
custom.x = 1
custom.x = 2
socket = { bind = a; }
debug=1
`)
  assert.deepEqual(told(problems), [
    '1:1 unknown config variable "debgu" (did you mean "debug"?)',
    '2:10 invalid number "08" (a number that begins with 0 is octal)',
    '3:8 invalid port "70000" in "tcp:127.0.0.1:70000" (a port is a number up to 65535)',
    '5:12 invalid name of a module "a b"',
    '7:12 module "sl" is already loaded (in line 6)',
    '8:19 unexpected ")", expecting ","',
    '9:10 unexpected "sl", expecting the name of a module in quotes',
    '10:1 unexpected "}" (no block is open here)',
    '11:1 invalid name of an event "nocolon" (it is written event_route[module:event])',
    '12:14 unexpected "}", expecting "(" or ";"',
    '14:15 unexpected "{", expecting "[" (write failure_route[name])',
    '15:9 the number of a flag is 0 to 31',
    '16:1 unknown config variable "unknown"',
    '18:1 "custom.x" is declared already',
    '19:1 unexpected "socket" (write listen=protocol:address:port)',
  ])
})

test('what files for SIP are made of parses', () => {
  const { problems, file } = readFile(`# *** To enable mysql: #!define WITH_MYSQL
#!ifdef DOC
  ALTER TABLE acc ADD COLUMN x VARCHAR(64) NOT NULL DEFAULT '';
#!endif
#!define FLT_ACC 1
#!define DBURL "mysql://a:b@localhost/c"
#!substdef "!MY_IP!10.0.0.1!g"
/* uncomment
#listen=udp:x */
debug=4
log_facility=LOG_LOCAL0
listen=udp:MY_IP:5060
pstn.gw_ip = "" desc "PSTN GW Address"
mpath="/usr/lib/modules_k/:/usr/lib/modules/"
modparam("acc", "log_extra",
\t"src_user=$fU;src_domain=$fd")
modparam("nathelper|registrar", "received_avp", "$avp(RECEIVED)")
modparam("xmlrpc", "route", "XMLRPC");
route {
\troute(REQINIT);
\tif (is_method("CANCEL"))
\t{
\t\tif (t_check_trans())
\t\t\tt_relay();
\t\texit;
\t}
\tif (is_method("SUBSCRIBE") && uri == myself) { exit; };
\tif(src_ip!=myself && $sht(ipban=>$si)!=$null && !pike_check_req()) $sht(ipban=>$si) = 1;
\tif($rU=~"^(\\+|00)[1-9][0-9]{3,20}$" && strempty($sel(cfg_get.pstn.gw_ip))) { force_rport(); setbflag(6); }
\t$du = "sip:" + $sel(cfg_get.pstn.gw_ip) + ":" + @cfg_get.pstn.gw_port;
\tswitch ($var(rc)) {
\t\tcase -1:
\t\tcase -3:
\t\t\tsend_reply("404", "Not Found");
\t\t\texit;
\t}
\tif ((method=="POST" || method=="GET") && (src_ip==127.0.0.1)) { set_reply_close; return; }
\telse
\tif (from_uri!=myself or retcode < 0) return 1;
}
onreply_route[REPLY] { if(status=~"[12][0-9][0-9]") { route(NAT); } }
failure_route[FAIL_ONE] { if (t_check_status("486|408")) { append_branch(); } }
branch_route[B] { xdbg("new branch at $ru\\n"); }
reply_route { ; }
`)
  assert.deepEqual(told(problems), [])
  assert.deepEqual(file.routes.map(({ kind, name }) => `${kind} ${name}`), ['request_route ', 'onreply_route REPLY', 'failure_route FAIL_ONE', 'branch_route B', 'reply_route '])
  assert.equal(printStatements(file.routes[1]!.body), 'if ($rs =~ "[12][0-9][0-9]") {\n  route("NAT");\n}')
  assert.equal(file.listens[0]!.address, '10.0.0.1')
})

test('a file that is no text has one mistake', () => {
  assert.deepEqual(told(readFile(`\x7fELF\x02\x01\0\0${'\0\x01\x02'.repeat(100_000)}`).problems), ['1:1 unexpected control character (the file is not a text)'])
  assert.deepEqual(told(readFile('').problems), [])
})

/** A made statement as nginx would write it. */
function show({ words, block }: MadeStatement): string {
  return words.map((word) => word.trim()).join(' ') + (block === undefined ? ';' : ` { ${block.map(show).join(' ')} }`)
}

function made(text: string, given: string[] = []): { main: string[], http: string, warnings: string[] } {
  const { file, problems } = readFile(text)
  assert.deepEqual(told(problems), [])
  const { main, http, warnings } = makeConfiguration(file, { prefix: '/', confFile: '/etc/t.cfg', errorLog: 'stderr', globals: '', test: true }, new Set(given))
  return { main: main.map(show), http: show(http), warnings: warnings.map(({ message }) => message) }
}

test('core settings become directives', () => {
  const { main, http, warnings } = made(`debug=2
run_dir="/run/k/"
tcp_children=1000
tcp_connection_lifetime=3
tcp_rd_buf_size=65536
tcp_max_connections=100
user="nobody" group="nogroup"
fork=no
tos=8 tos=9
listen=tcp:127.0.0.1:80
listen=127.0.0.1:80
listen=udp:127.0.0.1:80
listen=tcp:*
loadmodule "sl.so"
`)
  assert.deepEqual(main, [
    'user nobody nogroup;', 'pid /run/k/vespid.pid;', 'master_process off;', `worker_processes ${availableParallelism()};`, 'error_log stderr info;',
    'events { worker_connections 100; }', 'loadmodule sl;',
  ])
  assert.equal(http, 'http { keepalive_timeout 3s; keepalive_requests 1000000000; client_header_timeout 3s; client_body_timeout 3s; client_max_body_size 65536; ' +
    'large_client_header_buffers 4 65536; access_log off; routes; server { server; listen 127.0.0.1:80; listen *:5060; } }')
  assert.deepEqual(warnings, ['"tos" has no effect in vespid', '"listen=udp:..." is not served'])
})

test('without settings Kamailio\'s defaults hold; -g goes before the file', () => {
  const { main, http } = made('run_dir="/r"\nevent_route[xhttp:request] { exit; }\n', ['pid', 'error_log'])
  assert.deepEqual(main, ['worker_processes 1;', 'events { worker_connections 2048; }'])
  assert.equal(http, 'http { keepalive_timeout 120s; keepalive_requests 1000000000; client_header_timeout 120s; client_body_timeout 120s; client_max_body_size 16384; ' +
    'large_client_header_buffers 4 16384; access_log off; routes; server { server; listen 127.0.0.1:5060; } }')
  assert.ok(!made('loadmodule "microhttpd.so"\n').http.includes('server {'), 'nothing to answer there')
  assert.ok(!made('listen=udp:127.0.0.1:5060\n').http.includes('server {'))
})

test('module parameters: names, patterns, types', () => {
  const place = { file: 'f', line: 1, column: 1, length: 1, text: '' }
  const set: string[] = []
  const parameter = (name: string, type: ModuleParameter['type']): ModuleParameter =>
    ({ name, type, set: (conf, value) => value === 'bad' ? 'is bad' : void set.push(`${String(conf)}.${name}=${value}`) })
  const targets = [
    { module: 'xhttp', parameters: [parameter('url_match', 'string'), parameter('n', 'int')], conf: 'X' },
    { module: 'jsonrpcs', parameters: [parameter('n', 'int|string')], conf: 'J' },
  ]
  const apply = (module: string, name: string, value: number | string): string | null => {
    const error = applyModparam({ place, module, name, value }, targets)
    return error === null ? null : `${error.message}${error.note === null ? '' : ` (${error.note})`}`
  }
  assert.equal(apply('xhttp|jsonrpcs', 'n', 3), null)
  assert.equal(apply('JSON.*', 'n', 'x'), null)
  assert.equal(apply('xlog', 'buf_size', 4096), null)
  assert.equal(apply('tm', 'fr_timer', 5), null)
  assert.deepEqual(set, ['X.n=3', 'J.n=3', 'J.n=x'])
  assert.equal(apply('xhttp', 'url_match', 5), 'parameter "url_match" of module "xhttp" is a text (write the value in quotes)')
  assert.equal(apply('xhttp', 'n', '5'), 'parameter "n" of module "xhttp" is a number (write the number without quotes)')
  assert.equal(apply('xhttp', 'url_matsh', 'x'), 'parameter "url_matsh" not found in module "xhttp" (did you mean "url_match"?)')
  assert.equal(apply('xhttp', 'url_match', 'bad'), 'parameter "url_match" of module "xhttp" is bad')
  assert.equal(apply('xhtp', 'n', 1), 'no module matching "xhtp" is loaded (did you mean "xhttp"?)')
  assert.equal(apply('xhttp_rpc', 'n', 1), 'no module matching "xhttp_rpc" is loaded (put loadmodule "xhttp_rpc.so" before it)')
  assert.match(apply('(', 'n', 1)!, /^invalid name of a module "\("/)
})
