import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { hostModules } from '../../host/modules/list.ts'
import { mainModules } from '../../host/modules/main/list.ts'
import { build } from './conf-support.ts'

const modules = hostModules.slice(mainModules.length)

/** The complaints about `events {}`, `http {` on lines 1 and 2 and the text on line 3. */
function complaints(t: TestContext, text: string): string[] {
  return build(t, `events {}\nhttp {\n${text}\n}\n`, { modules }).messages.map((line) => line.replace(' in <P>/v.conf',
    ''))
}

const server = (text: string): string => `server { listen 127.0.0.1:8999; location / { ${text} } }`
const req = (text: string): string => `limit_req_zone $uri zone=a:1m rate=1r/s; ${text}`

const cases: [string, string | null][] = [
  [server('try_files /a =foo;'), '[emerg] invalid code "=foo":3'],
  [server('try_files /a =1000;'), '[emerg] invalid code "=1000":3'],
  [server('try_files /a /b; try_files /a /b;'), '[emerg] "try_files" directive is duplicate:3'],
  [server('try_files /a;'), '[emerg] invalid number of arguments in "try_files" directive:3'],
  [server('try_files $uri $uri/ @n;'), null],
  [server('index /a b;'), '[warn] only the last index in "index" directive should be absolute:3'],
  [server('index "" b;'), '[emerg] index "" in "index" directive is invalid:3'],
  [server('autoindex foo;'), '[emerg] invalid value "foo" in "autoindex" directive, it must be "on" or "off":3'],
  [server('autoindex_format foo;'), '[emerg] invalid value "foo":3'],
  [server('auth_basic;'), '[emerg] invalid number of arguments in "auth_basic" directive:3'],
  [server('auth_basic a; auth_basic b;'), '[emerg] "auth_basic" directive is duplicate:3'],
  [server('auth_basic_user_file a; auth_basic_user_file b;'),
    '[emerg] "auth_basic_user_file" directive is duplicate:3'],
  ['limit_req_zone $uri zone=a:1m rate=1;', null],
  ['limit_req_zone $uri zone=a:1k rate=1r/s;', '[emerg] zone "zone=a:1k" is too small:3'],
  ['limit_req_zone $uri rate=1r/s;', '[emerg] invalid number of arguments in "limit_req_zone" directive:3'],
  ['limit_req_zone $uri zone=a rate=1r/s;', '[emerg] invalid zone size "zone=a":3'],
  ['limit_req_zone $uri zone=a:xm rate=1r/s;', '[emerg] invalid zone size "zone=a:xm":3'],
  ['limit_req_zone $uri zone=:1m rate=1r/s;', '[emerg] "limit_req_zone" must have "zone" parameter:3'],
  ['limit_req_zone $uri rate=1r/s rate=2r/s;', '[emerg] "limit_req_zone" must have "zone" parameter:3'],
  ['limit_req_zone $uri zone=a:1m rate=0r/s;', '[emerg] invalid rate "rate=0r/s":3'],
  ['limit_req_zone $uri zone=a:1m rate=r/s;', '[emerg] invalid rate "rate=r/s":3'],
  ['limit_req_zone $uri zone=a:1m foo;', '[emerg] invalid parameter "foo":3'],
  [req('limit_req_zone $uri zone=a:1m rate=1r/s;'), '[emerg] limit_req_zone "a" is already bound to key "$uri":3'],
  [req('limit_req_zone $uri zone=a:2m rate=1r/s;'),
    '[emerg] the size 2097152 of shared memory zone "a" conflicts with already declared size 1048576:3'],
  ['limit_req zone=nope;', '[emerg] zero size shared memory zone "nope"'],
  [req('limit_req zone=a; limit_req zone=a;'), '[emerg] "limit_req" directive is duplicate:3'],
  ['limit_req burst=5;', '[emerg] "limit_req" must have "zone" parameter:3'],
  [req('limit_req zone=a burst=0;'), '[emerg] invalid burst value "burst=0":3'],
  [req('limit_req zone=a delay=x;'), '[emerg] invalid delay value "delay=x":3'],
  [req('limit_req zone=a foo;'), '[emerg] invalid parameter "foo":3'],
  [req('limit_req zone=a burst=5 nodelay; limit_req_dry_run on;'), null],
  ['limit_req zone=a; limit_req_zone $uri zone=a:1m rate=30r/m;', null],
  ['limit_req_log_level debug;', '[emerg] invalid value "debug":3'],
  ['limit_req_status 200;', '[emerg] value must be between 400 and 599:3'],
  ['limit_conn_status 600;', '[emerg] value must be between 400 and 599:3'],
  ['limit_conn_zone $uri zone=a:1m; limit_conn a 0;', '[emerg] invalid number of connections "0":3'],
  ['limit_conn_zone $uri zone=a:1m; limit_conn a 65536;', '[emerg] connection limit must be less 65536:3'],
  ['limit_conn_zone $uri zone=a:1m; limit_conn a 1; limit_conn a 2;', '[emerg] "limit_conn" directive is duplicate:3'],
  ['limit_conn_zone $uri foo;', '[emerg] invalid parameter "foo":3'],
  ['limit_conn b 1;', '[emerg] zero size shared memory zone "b"'],
  ['limit_conn_zone $uri zone=a:1m; limit_conn_zone $args zone=a:1m;',
    '[emerg] limit_conn_zone "a" is already bound to key "$uri":3'],
  ['limit_conn_zone $uri zone=a:1m; limit_req_zone $uri zone=a:1m rate=1r/s;',
    '[emerg] the shared memory zone "a" is already declared for a different use:3'],
]

for (const [text, message] of cases) {
  test(text, (t) => assert.deepEqual(complaints(t, text), message === null ? [] : [message]))
}
