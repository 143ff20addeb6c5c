/** Mistakes in routing scripts and their directives. */
import { inHttp, table } from './answer.ts'

const route = (body: string): string => inHttp(`server { event_route[xhttp:request] {\n${body}\n} }`)

table('blocks', inHttp, [
  ['route[A] { ; } server { route[A] { ; } }', 'ok'],
  ['route[A] { ; }\nroute[A] { ; }', '[emerg] duplicate route[A] in F:4'],
  ['server { event_route[xhttp:request] { ; } event_route[xhttp:request] { ; } }', '[emerg] duplicate event_route[xhttp:request] in F:3'],
  ['event_route { ; }', '[emerg] event_route has no name in F:3'],
  ['event_route[xhttp:requst] { ; }', '[emerg] unknown event route "xhttp:requst" in F:3'],
  ['route[A] { ;', '[emerg] unexpected end of file, expecting "}" in F:5'],
  ['upstream u { route[A] { ; } }', '[emerg] "route[A]" directive is not allowed here in F:3'],
])

table('route as handler', inHttp, [
  ['server { location / { route A; } route[A] { ; } }', 'ok'],
  ['server { location / { route AB; } route[A] { ; } }', '[emerg] unknown route "AB" in F:3'],
  ['server { route A; route[A] { ; } }', '[emerg] "route" directive is not allowed here in F:3'],
  ['server { route A access; route A access; route[A] { ; } }', '[emerg] "route" directive is duplicate in F:3'],
  ['server { route A acess; route[A] { ; } }', '[emerg] unknown phase "acess" in F:3'],
  ['server { location / { route A; route A content; } route[A] { ; } }', '[emerg] "route" directive is duplicate in F:3'],
])

table('modparam', inHttp, [
  ['modparam xhttp url_match "^/a"; event_route[xhttp:request] { ; }', 'ok'],
  ['modparam xhttp url_match "^/a";', '[emerg] module "xhttp" needs event_route[xhttp:request] in F:3'],
  ['modparam xhttp url_mach "^/a"; event_route[xhttp:request] { ; }', '[emerg] parameter "url_mach" not found in module "xhttp" in F:3'],
  ['modparam xhttp url_match "^/(a"; event_route[xhttp:request] { ; }',
    '[emerg] parameter "url_match" of module "xhttp" bad regular expression "^/(a": Unmatched ( or \\( in F:3'],
  ['modparam xhttp event_callback x; event_route[xhttp:request] { ; }',
    '[emerg] parameter "event_callback" of module "xhttp" there is no embedded language here; write event_route[xhttp:request] in F:3'],
  ['modparam nothing a b;', '[emerg] no module matching "nothing" is loaded in F:3'],
  ['modparam xhttp compat loose; event_route[xhttp:request] { ; }', '[emerg] parameter "compat" of module "xhttp" must be "strict" or "safe" in F:3'],
  ['modparam script compat strict;', 'ok'],
  ['modparam script max_while_loops many;', '[emerg] invalid value "many" of parameter "max_while_loops", it must be a number in F:3'],
  ['modparam script max_while_loops 0;', '[emerg] parameter "max_while_loops" of module "script" must be between 1 and 1000000 in F:3'],
  ['modparam("xhttp","url_match","a");', '[emerg] unknown directive "modparam("xhttp","url_match","a")" in F:3'],
])

table('names in scripts', route, [
  ['xhttp_reply("200", "OK", "", "");', 'ok'],
  ['xhttp_repyl("200", "OK", "", "");', '[emerg] unknown script function "xhttp_repyl" in F:4'],
  ['xhttp_reply("200", "OK", "");', '[emerg] invalid number of arguments of script function "xhttp_reply": 3 in F:4'],
  ['xhttp_reply("abc", "OK", "", "");', '[emerg] invalid number "abc" as argument 1 of "xhttp_reply" in F:4'],
  ['$var(a) = $huu;', '[emerg] unknown script variable "$huu" in F:4'],
  ['$var(a) = $(hu{url.pat});', '[emerg] unknown transformation "url.pat" in F:4'],
  ['$hu = "x";', '[emerg] the variable "$hu" is read-only in F:4'],
  ['route(NOWHERE);', '[emerg] unknown route "NOWHERE" in F:4'],
])
