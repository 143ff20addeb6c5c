/** `vespid new NAME [--from EXAMPLE]`: makes a plugin folder that builds and runs as it is. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { suggest } from '../core/suggest.ts'
import { packageRoot } from '../core/install.ts'

const usage = 'usage: vespid new NAME [--from EXAMPLE]'

/** Folders that can be begun from: name → directory. Examples hide shipped plugins of the same name. */
function templates(): Map<string, string> {
  const found = new Map<string, string>()
  for (const place of ['plugins-as', 'examples']) {
    const base = join(packageRoot, place)
    if (!existsSync(base)) continue
    for (const name of readdirSync(base).sort()) if (existsSync(join(base, name, 'assembly/index.ts'))) found.set(name, join(base, name))
  }
  return found
}

/** The command: 0 when the folder was made, 1 when it could not be, 2 for a wrong command line. */
export async function newCommand(args: readonly string[]): Promise<number> {
  let from = 'hello'
  const names: string[] = []
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--from' && args[i + 1] !== undefined) from = args[++i]!
    else names.push(args[i]!)
  }
  const known = templates()
  if (names.length !== 1 || names[0]!.startsWith('-')) {
    process.stderr.write(`${usage}\nexamples: ${[...known.keys()].join(' ')}\n`)
    return 2
  }
  const directory = resolve(names[0]!)
  const name = basename(directory)
  const template = known.get(from)
  const problem = !/^[a-z][a-z0-9_-]*$/.test(name) ? `"${name}" is no plugin name: use lower-case letters, digits, "_" and "-", a letter first`
    : template === undefined ? `no example "${from}"${didYouMean(from, known)}`
      : existsSync(directory) ? `"${names[0]}" exists already` : null
  if (problem !== null) {
    process.stderr.write(`vespid: ${problem}\n`)
    return 1
  }
  make(directory, name, from, template!)
  process.stdout.write(`${names[0]}/ is a plugin that builds:\n  cd ${names[0]}\n  vespid build\n  vespid -p . -c vespid.conf\n  curl http://127.0.0.1:8080/\n`)
  return 0
}

function didYouMean(from: string, known: Map<string, string>): string {
  const near = suggest(from, known.keys())
  return near === null ? `; there are ${[...known.keys()].join(' ')}` : `, did you mean "${near}"?`
}

function make(directory: string, name: string, from: string, template: string): void {
  mkdirSync(dirname(directory), { recursive: true })
  mkdirSync(directory)
  mkdirSync(join(directory, 'logs'))
  for (const entry of ['assembly', 'vespid.conf', 'README.md', 'html']) {
    const path = join(template, entry)
    if (existsSync(path)) cpSync(path, join(directory, entry), { recursive: true })
  }
  // Its own directive takes its own name, so that it does not meet the shipped plugin it began as.
  if (from === 'hello') rename(directory, name)
  grant(directory, name, from)
  writeMissing(join(directory, 'package.json'), `${JSON.stringify({
    name, version: '0.1.0', private: true, type: 'module', scripts: { build: 'vespid build', start: 'vespid build && vespid -p . -c vespid.conf' },
    devDependencies: { '@vespid/sdk': '*' },
  }, null, 2)}\n`)
  writeMissing(join(directory, 'vespid.conf'), configuration(from === 'hello' ? name : null))
  writeFileSync(join(directory, 'README.md'), readme(name))
  writeMissing(join(directory, '.gitignore'), 'build/\nlogs/\nnode_modules/\n')
}

function rename(directory: string, name: string): void {
  const directive = name.replace(/-/g, '_')
  const sources = readdirSync(join(directory, 'assembly')).map((file) => join('assembly', file))
  for (const file of [...sources, 'vespid.conf']) {
    const path = join(directory, file)
    if (!existsSync(path) || !statSync(path).isFile()) continue
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(`'hello'`, `'${directive}'`).replaceAll(/\/(?:hello)? \{ hello; \}/g, `/ { ${directive}; }`))
  }
}

/** A plugin's name is its file's, so what the example's configuration allows is allowed to the new name. */
function grant(directory: string, name: string, from: string): void {
  const path = join(directory, 'vespid.conf')
  if (existsSync(path)) writeFileSync(path, readFileSync(path, 'utf8').replaceAll(`plugin ${from} {`, `plugin ${name} {`))
}

function writeMissing(path: string, text: string): void {
  if (!existsSync(path)) writeFileSync(path, text)
}

function configuration(name: string | null): string {
  const directive = name === null ? '# put the plugin\'s directives here' : `${name.replace(/-/g, '_')};`
  return `plugins build;
pid logs/vespid.pid;
error_log stderr;

events {}

http {
    access_log off;
    server {
        listen 127.0.0.1:8080;
        location / {
            ${directive}
        }
    }
}
`
}

function readme(name: string): string {
  return `# ${name}

A vespid plugin in AssemblyScript.

    vespid build                 # assembly/index.ts → build/${name}.wasm
    vespid check build/${name}.wasm
    vespid -p . -c vespid.conf   # serves it on http://127.0.0.1:8080/
    vespid rpc -p . -c vespid.conf plugin.reload ${name}   # after another build, without losing a request
`
}
