import { version } from '../core/version.ts'

/** What `-v` prints. */
export const versionLine = `vespid version: vespid/${version}\n`

/** What `-V` adds: what the server runs on, in the place of nginx's compiler and libraries. */
export function configureLines(): string {
  const { node, v8, openssl } = process.versions
  return `built by Node.js ${node} (V8 ${v8})\nbuilt with OpenSSL ${openssl}\nTLS SNI support enabled\nconfigure arguments: ${process.platform} ${process.arch}\n`
}

/** What `-h` prints after the version: nginx's lines, then the commands that nginx does not have. `prefix` ends in `/`. */
export function usage(prefix: string): string {
  return `Usage: vespid [-?hvVtTq] [-s signal] [-p prefix]
              [-e filename] [-c filename] [-g directives]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload
  -p prefix     : set prefix path (default: ${prefix})
  -e filename   : set error log file (default: logs/error.log)
  -c filename   : set configuration file (default: conf/vespid.conf)
  -g directives : set global directives out of configuration file

Commands:
  vespid rpc [-p prefix] [-c filename | -f filename] [--json] [COMMAND ARGUMENT...]
                : call a command of a running server; without one, list them
  vespid new NAME [--from EXAMPLE]
                : make a directory with a plugin that builds
  vespid build [DIR]
                : compile a plugin
  vespid check FILE.wasm
                : explain a plugin: its ABI, what it registers, what it lacks

Kamailio's configuration language, in the place of -c:
  -f filename   : read a Kamailio configuration file
  -A name=value : define a word for its preprocessor; may be repeated

`
}
