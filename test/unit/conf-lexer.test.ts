import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeSuffix } from '../../host/core/place.ts'
import { Ending, Lexer } from '../../host/conf/lexer.ts'
import { random } from './conf-support.ts'

interface Node { words: string[], block: Node[] | null }

function lexer(text: string, errors: string[] = [], file: string | null = 'f'): Lexer {
  return new Lexer(text, file, (message, place) => errors.push(message + placeSuffix(place)))
}

/** Everything that a text holds: the directives' words, `{` and `}`, and the errors. */
function read(text: string, file: string | null = 'f'): { tokens: unknown[], errors: string[] } {
  const errors: string[] = []
  const tokens: unknown[] = []
  const from = lexer(text, errors, file)
  for (;;) {
    const ending = from.next()
    if (ending === Ending.End) return { tokens, errors }
    if (ending === Ending.Close) tokens.push('}')
    else tokens.push(ending === Ending.Open ? [...from.words, '{'] : from.words)
  }
}

const words = (text: string): unknown => {
  const { tokens, errors } = read(text)
  assert.deepEqual(errors, [])
  return tokens
}
const errors = (text: string, file: string | null = 'f'): string[] => read(text, file).errors

test('words end at blanks, ";" and "{"; CRLF and comments are blanks', () => {
  assert.deepEqual(words('a b\tc\r\nd;e{f;}'), [['a', 'b', 'c', 'd'], ['e', '{'], ['f'], '}'])
  assert.deepEqual(words('a # b; {\n c; # end'), [['a', 'c']])
  assert.deepEqual(words('a#b c;'), [['a#b', 'c']])
  assert.deepEqual(words('a}b c};'), [['a}b', 'c}']])
  assert.deepEqual(words(''), [])
})

test('quotes: escapes, line ends, in the middle of a word, before ")"', () => {
  assert.deepEqual(words(`a "b c" 'd"e' "";`), [['a', 'b c', 'd"e', '']])
  assert.deepEqual(words('a "x\ny";'), [['a', 'x\ny']])
  assert.deepEqual(words(`a b"c"d e'f;`), [['a', 'b"c"d', "e'f"]])
  assert.deepEqual(words('if ($a = "x") {'), [['if', '($a', '=', 'x', ')', '{']])
  assert.deepEqual(words('a "b"{'), [['a', 'b', '{']])
})

test('backslashes', () => {
  assert.deepEqual(words(String.raw`a "\"\'\\\t\r\n\d" \;x a\ b;`), [['a', '"\'\\\t\r\n\\d', '\\;x', 'a\\ b']])
  assert.deepEqual(words(String.raw`a \"b;`), [['a', '"b']])
  assert.deepEqual(words(String.raw`a \.gif$;`), [['a', '\\.gif$']])
})

test('"${" does not end a word', () => {
  assert.deepEqual(words('a ${b}c $d{'), [['a', '${b}c', '$d', '{']].map((w) => w.slice()))
  assert.deepEqual(words('a x${b}${c};'), [['a', 'x${b}${c}']])
})

test('mistakes are reported where nginx reports them, and reading goes on', () => {
  assert.deepEqual(read(';a;'), { tokens: [['a']], errors: ['unexpected ";" in f:1'] })
  assert.deepEqual(read('{a{b;}}c;'), { tokens: [['c']], errors: ['unexpected "{" in f:1'] })
  assert.deepEqual(read('x {\na b\n}\nc;'), { tokens: [['x', '{'], '}', ['c']], errors: ['unexpected "}" in f:3'] })
  assert.deepEqual(read('a "b"c d;\ne;'), { tokens: [['e']], errors: ['unexpected "c" in f:1'] })
  assert.deepEqual(read('a "b"c {\nd;} e;'), { tokens: [['e']], errors: ['unexpected "c" in f:1'] })
})

test('any number of stray braces', () => {
  assert.deepEqual(read('{'.repeat(100000)).errors, ['unexpected "{" in f:1'])
  assert.deepEqual(read(`${'{'.repeat(50000)}${'}'.repeat(50000)}a;`), { tokens: [['a']], errors: ['unexpected "{" in f:1'] })
})

test('the end of the text', () => {
  assert.deepEqual(errors('a;\nb c'), ['unexpected end of file, expecting ";" or "}" in f:2'])
  assert.deepEqual(errors('a "b;\n\n'), ['unexpected end of file, expecting ";" or "}" in f:3'])
  assert.deepEqual(errors('a "b"'), ['unexpected end of file, expecting ";" or "}" in f:1'])
  assert.deepEqual(errors('a', null), ['unexpected end of parameter, expecting ";" in command line'])
  assert.deepEqual(errors('a; # no line feed'), [])
})

test('a word and the character after it must fit nginx\'s buffer of 4096 bytes', () => {
  const long = (n: number): string => 'a'.repeat(n)
  assert.deepEqual(errors(`x\n${long(4095)};\ny;`), [])
  assert.deepEqual(errors(`x\n${long(4096)};\ny;`), ['too long parameter "aaaaaaaaaa..." started in f:2'])
  assert.deepEqual(errors(`x "${long(4094)}";\n`), [])
  assert.deepEqual(errors(`x "${long(5000)}";\n`), ['too long parameter, probably missing terminating """ character in f:1'])
  assert.deepEqual(errors(`x\n'${long(4090)}\n\n\n\n\n\n\n\n`), ["too long parameter, probably missing terminating \"'\" character in f:2"])
  assert.deepEqual(errors(`x "${long(4096)}`), ['unexpected end of file, expecting ";" or "}" in f:1'])
  assert.deepEqual(errors(`x ${long(9000)};`, null), [])
  assert.deepEqual(errors(`#${long(9000)}\nx;`), [])
})

test('a directive is reported at the line of its terminator, a word stands at its own', () => {
  const from = lexer('a\n  "b c"\n\n ;')
  from.next()
  assert.deepEqual(from.places, [
    { file: 'f', line: 1, column: 1, length: 1, text: 'a', reported: 4 },
    { file: 'f', line: 2, column: 3, length: 5, text: '  "b c"', reported: 4 },
  ])
})

test('a block of foreign text is taken whole', () => {
  const from = lexer('route {\n  if (a == "}") { # it\'s }\n b(); /* } " */ } // }\n}\nx;')
  from.next()
  assert.deepEqual(from.rawBlock(), {
    text: '\n  if (a == "}") { # it\'s }\n b(); /* } " */ } // }\n',
    place: { file: 'f', line: 1, column: 8, length: 1, text: 'route {', reported: 1 },
  })
  assert.equal(from.line, 4)
  from.next()
  assert.deepEqual(from.words, ['x'])
  assert.equal(from.places[0]!.line, 5)
  const open = lexer('a { "}')
  open.next()
  assert.equal(open.rawBlock(), null)
})

/** A word as configuration text: plain where that reads back, else in quotes. */
function printWord(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`
}

function print(nodes: Node[], indent = ''): string {
  return nodes.map(({ words, block }) => {
    const head = indent + words.map(printWord).join(' ')
    return block === null ? `${head};\n` : `${head} {\n${print(block, `${indent}  `)}${indent}}\n`
  }).join('')
}

function parse(from: Lexer): Node[] {
  const nodes: Node[] = []
  for (;;) {
    const ending = from.next()
    if (ending === Ending.End || ending === Ending.Close) return nodes
    nodes.push({ words: from.words, block: ending === Ending.Open ? parse(from) : null })
  }
}

function tree(pick: (below: number) => number, depth: number): Node[] {
  const byte = (): string => pick(2) === 0 ? '{};"\'\\$# \n\r\ttrn)'[pick(15)]! : String.fromCharCode(pick(256))
  const word = (): string => Array.from({ length: pick(12) }, pick(3) === 0 ? byte : () => 'abc/.'[pick(5)]!).join('')
  return Array.from({ length: pick(5) }, () => ({
    words: Array.from({ length: 1 + pick(4) }, word),
    block: depth > 0 && pick(3) === 0 ? tree(pick, depth - 1) : null,
  }))
}

test('property: what is printed is read back the same', () => {
  for (let seed = 0; seed < 400; seed++) {
    const wanted = tree(random(seed), 3)
    const found: string[] = []
    assert.deepEqual(parse(lexer(print(wanted), found)), wanted, `seed ${seed}`)
    assert.deepEqual(found, [], `seed ${seed}`)
  }
})

test('property: no text breaks the lexer, and every place shows its word', () => {
  const alphabet = 'ab{}{};;"\'\\$#\n\n\r\t  )\0\xff\xef\xbb\xbf'
  for (let seed = 0; seed < 3000; seed++) {
    const pick = random(seed)
    const text = Array.from({ length: pick(120) }, () => alphabet[pick(alphabet.length)]!).join('')
    const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
    const from = new Lexer(text, seed % 2 === 0 ? 'f' : null, (_message, place) => check(place, seed))
    const check = (place: Lexer['places'][number], s: number): void => {
      assert.equal(place.text, lines[place.line - 1], `seed ${s}`)
      assert.ok(place.column >= 1 && place.length >= 1 && place.column - 1 <= place.text.length, `seed ${s}`)
    }
    let ending = Ending.Simple as Ending
    for (let n = 0; ending !== Ending.End; n++) {
      assert.ok(n <= text.length + 1, `seed ${seed} does not end`)
      ending = pick(8) === 0 && ending === Ending.Open ? (from.skipBlock(), Ending.Simple) : from.next()
      from.places.forEach((place, i) => {
        check(place, seed)
        const shown = place.text.slice(place.column - 1, place.column - 1 + place.length)
        const word = from.words[i]!
        const plain = !/["'\\\n]/.test(shown) && !word.includes('\n')
        if (plain) assert.equal(shown, word, `seed ${seed}`)
        else assert.ok(shown.length > 0, `seed ${seed}`)
      })
    }
  }
})
