/** The command line of the server, read as nginx reads it (nginx.md §10.1): options may be glued, values may be glued to their option. */

/** What `-s` can ask of a running server. */
export type SignalName = 'stop' | 'quit' | 'reopen' | 'reload'

/** The options as they were given; paths are not resolved yet, null where absent. */
export interface ServerArguments {
  help: boolean
  version: boolean
  configure: boolean
  test: boolean
  dump: boolean
  quiet: boolean
  prefix: string | null
  confFile: string | null
  /** `-f`: a Kamailio file. */
  scriptFile: string | null
  /** `-A NAME=VALUE`, in their order. */
  defines: (readonly [string, string])[]
  errorLog: string | null
  globals: string
  signal: SignalName | null
}

const parameterNames: Record<string, string> = {
  p: 'directory name', e: 'file name', c: 'file name', f: 'file name', A: 'parameter', g: 'parameter', s: 'parameter',
}

/** Reads the words after the command's name; a text is the error, worded as nginx words it (golden cli.txt). */
export function readArguments(words: readonly string[]): ServerArguments | string {
  const given: ServerArguments = {
    help: false, version: false, configure: false, test: false, dump: false, quiet: false,
    prefix: null, confFile: null, scriptFile: null, defines: [], errorLog: null, globals: '', signal: null,
  }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (!word.startsWith('-')) return `invalid option: "${word}"`
    for (let at = 1; at < word.length; at++) {
      const option = word[at]!
      if (parameterNames[option] === undefined) {
        if (!setFlag(given, option)) return `invalid option: "${option}"`
        continue
      }
      const value = at + 1 < word.length ? word.slice(at + 1) : words[++i]
      if (value === undefined) return `option "-${option}" requires ${parameterNames[option]}`
      if (!setValue(given, option, value)) return `invalid option: "-${option} ${value}"`
      break
    }
  }
  if (given.scriptFile !== null && given.confFile !== null) return 'options "-c" and "-f" exclude each other'
  if (given.scriptFile === null && given.defines.length > 0) return 'option "-A" needs "-f"'
  return given
}

function setFlag(given: ServerArguments, option: string): boolean {
  switch (option) {
    case '?': case 'h': given.version = given.help = true; return true
    case 'v': given.version = true; return true
    case 'V': given.version = given.configure = true; return true
    case 't': given.test = true; return true
    case 'T': given.test = given.dump = true; return true
    case 'q': given.quiet = true; return true
    default: return false
  }
}

function setValue(given: ServerArguments, option: string, value: string): boolean {
  switch (option) {
    case 'p': given.prefix = value; return true
    case 'e': given.errorLog = value; return true
    case 'c': given.confFile = value; return true
    case 'f': given.scriptFile = value; return true
    case 'A': {
      const [, name, text = ''] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=([^]*))?$/.exec(value) ?? []
      if (name !== undefined) given.defines.push([name, text])
      return name !== undefined
    }
    case 'g': given.globals = value; return true
    default: {
      const known = value === 'stop' || value === 'quit' || value === 'reopen' || value === 'reload'
      if (known) given.signal = value
      return known
    }
  }
}
