import { parseArgs } from 'node:util'

/** What the command line asks for. */
export type Options = {
  rounds: number
  seconds: number
  only: string[]
  json: string | null
  markdown: string | null
  list: boolean
  help: boolean
}

/** The usage text. */
export const usage = `usage: npm run bench -- [OPTION…]

  --only NAME,…      comparisons, or peers (then only these rows); see --list
  --rounds N         rounds of each comparison (8)
  --seconds S        length of one load in whole seconds (1)
  --json FILE        write all samples
  --markdown FILE    write the tables
  --list             name the comparisons and the peers, and which of them can run here
`

/**
 * Reads the arguments after the script's name; throws an Error with a text for the user. `known` are the names that
 * `--only` may hold.
 */
export function readOptions(args: string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '8' },
      seconds: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const only = values.only.split(',').filter(name => name !== '')
  const unknown = only.find(name => !known.includes(name))
  if (unknown !== undefined) throw new Error(`unknown name "${unknown}" in "--only", see "--list"`)
  return {
    rounds: count('rounds', values.rounds),
    seconds: count('seconds', values.seconds),
    only,
    json: values.json ?? null,
    markdown: values.markdown ?? null,
    list: values.list,
    help: values.help,
  }
}

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new Error(`invalid value "${text}" in "--${name}", it must be a whole number from 1 to 9999`)
}
