import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoreLocConf } from '../../host/http/core/conf.ts'
import { buildLocations } from '../../host/http/locations.ts'
import { compileRegex } from '../../host/expr/regex.ts'
import type { Request } from '../../host/http/request.ts'
import { random } from './conf-support.ts'

const request = { captures: null } as unknown as Request

/** A location from nginx's words: `= /a`, `^~ /a`, `~ a$`, `/a`, `@a`; `>` in front marks a proxy-like handler. */
function location(words: string, children: CoreLocConf[] = []): CoreLocConf {
  const conf = new CoreLocConf()
  const [, redirect, kind, name] = /^(>?)(?:(=|\^~|~\*|~) )?(.*)$/.exec(words)!
  conf.name = name!
  conf.exact = kind === '='
  conf.noregex = kind === '^~'
  if (kind?.startsWith('~')) conf.regex = compileRegex(name!, kind === '~*')
  conf.named = name!.startsWith('@')
  conf.autoRedirect = redirect === '>'
  conf.children.push(...children)
  return conf
}

/** A server's location conf with its tree; duplicates throw. */
function server(...children: CoreLocConf[]): CoreLocConf {
  const conf = new CoreLocConf()
  conf.children.push(...children)
  buildLocations(conf, null, null, new Map(), (error) => { throw error })
  return conf
}

function describe(conf: CoreLocConf | null): string {
  if (conf === null) return 'none'
  const kind = conf.exact ? '= ' : conf.noregex ? '^~ ' : conf.regex !== null ? '~ ' : ''
  return kind + conf.name
}

function find(root: CoreLocConf, uri: string): string {
  return root.locations === null ? 'none' : describe(root.locations.find(uri, request))
}

test('exact, longest prefix, ^~, regexes in order', () => {
  const root = server(location('/'), location('= /exact'), location('/exact'), location('^~ /np/'), location('/p/'), location('/p/long/'),
    location('~ \\.re$'), location('~* \\.REI$'), location('~ \\.re'), location('@x'))
  const cases: [string, string][] = [
    ['/', '/'], ['/x', '/'], ['/exact', '= /exact'], ['/exact/', '/exact'], ['/exactly', '/exact'], ['/np/a.re', '^~ /np/'],
    ['/np', '/'], ['/p/a', '/p/'], ['/p/longer', '/p/'], ['/p/long/a', '/p/long/'], ['/p/long/a.re', '~ \\.re$'],
    ['/p/a.rex', '~ \\.re'], ['/a.rEi', '~ \\.REI$'], ['/P/', '/'], ['@x', 'none'],
  ]
  for (const [uri, expected] of cases) assert.equal(find(root, uri), expected, uri)
})

test('nothing matches, no locations at all', () => {
  assert.equal(find(server(), '/'), 'none')
  assert.equal(find(server(location('/a'), location('= /b')), '/c'), 'none')
  assert.equal(find(server(location('@a')), '/a'), 'none')
  assert.equal(server(location('@a')).locations, null)
})

test('nested: the innermost level is searched first, then regexes of the levels around', () => {
  const root = server(
    location('/a', [location('/a/b', [location('~ inner$')]), location('~ mid$'), location('= /a/x')]),
    location('^~ /c', [location('/c/d'), location('~ mid$')]),
    location('/e', [location('^~ /e/f'), location('~ mid$')]),
    location('~ outer$', [location('~ router$')]),
    location('~ mid'))
  const cases: [string, string][] = [
    ['/a/b/inner', '~ inner$'], ['/a/b/mid', '~ mid$'], ['/a/b/outer', '~ outer$'], ['/a/b/router', '~ router$'], ['/a/b/z', '/a/b'],
    ['/a/x', '= /a/x'], ['/a/mid', '~ mid$'], ['/c/outer', '^~ /c'], ['/c/d/mid', '~ mid$'], ['/c/d/outer', '/c/d'],
    ['/e/f/mid', '~ mid'], ['/e/f/outer', '~ outer$'], ['/e/f/g', '^~ /e/f'], ['/e/midx', '~ mid'],
  ]
  for (const [uri, expected] of cases) assert.equal(find(root, uri), expected, uri)
})

test('a name below a regex location, whose text counts as its name', () => {
  const root = server(location('~ /a', [location('/a/b', [location('~ deep$')]), location('~ x$')]), location('~ y$'))
  assert.equal(find(root, '/a/b'), '/a/b')
  assert.equal(find(root, '/a/b/deep'), '~ deep$')
  assert.equal(find(root, '/a/b/x'), '~ x$')
  assert.equal(find(root, '/a/b/y'), '/a/b')
  assert.equal(find(root, '/y'), '~ y$')
})

test('redirect to the name with a slash', () => {
  const root = server(location('/'), location('>/auto/'), location('>= /both/'), location('/both/'), location('>/seen/'), location('/seen'),
    location('>/seenx/'), location('= /gone'), location('>/gone/'), location('>/plain'), location('~ .'), location('>/a/b/'), location('/a/c'))
  const cases: [string, string][] = [
    ['/auto', '/auto/'], ['/both', '= /both/'], ['/seen', '~ .'], ['/seenx', '/seenx/'], ['/gone', '= /gone'], ['/plai', '~ .'],
    ['/aut', '~ .'], ['/a/b', '/a/b/'], ['/a', '~ .'],
  ]
  for (const [uri, expected] of cases) assert.equal(find(root, uri), expected, uri)
  assert.equal(root.children[3]!.autoRedirect, true, 'the prefix location of that name redirects too')
})

test('redirects inside of a nested level', () => {
  const root = server(location('/a', [location('>/a/b/')]), location('~ .'))
  assert.equal(find(root, '/a/b'), '/a/b/')
  assert.equal(find(root, '/a/c'), '~ .')
})

test('a match sets the captures of the request', () => {
  const root = server(location('~ ^/(.)/(.)'))
  root.locations!.find('/x/y', request)
  assert.deepEqual([...request.captures!], ['/x/y', 'x', 'y'])
})

test('duplicates are reported once each, at any level; the first named location of a name stays', () => {
  const root = new CoreLocConf()
  const first = location('@n')
  root.children.push(location('/a', [location('= /a'), location('= /a')]), location('= /a'), location('/a'), location('~ x'), location('~ x'),
    first, location('@n'))
  const errors: string[] = []
  const named = new Map<string, CoreLocConf>()
  buildLocations(root, null, null, named, (error) => errors.push(error.line))
  assert.deepEqual(errors, ['duplicate location "/a"', 'duplicate location "/a"'])
  assert.equal(named.get('@n'), first)
})

/** nginx.md §2.3 word by word; returns the location and whether the search is over (no regexes around it are tried). */
function naive(level: CoreLocConf, uri: string): { found: CoreLocConf | null, final: boolean } {
  const names = level.children.filter((l) => l.regex === null && !l.named && !l.noname)
  const exact = names.find((l) => l.exact && l.name === uri)
  if (exact !== undefined) return { found: exact, final: true }
  const prefixes = names.filter((l) => !l.exact && uri.startsWith(l.name)).sort((a, b) => b.name.length - a.name.length)
  const best = prefixes[0] ?? null
  if (best?.name !== uri) {
    const same = names.filter((l) => l.name === `${uri}/`)
    if (same.some((l) => l.autoRedirect)) return { found: same.find((l) => l.exact) ?? same[0]!, final: true }
  }
  let found = best
  if (best !== null) {
    const inner = naive(best, uri)
    if (inner.final) return inner
    found = inner.found ?? best
  }
  if (best === null || !best.noregex) {
    const regex = level.children.find((l) => l.regex !== null && l.regex.test(uri))
    if (regex !== undefined) return { found: naive(regex, uri).found ?? regex, final: true }
  }
  return { found, final: false }
}

test('the tree finds what the rule says, for random locations and URIs', () => {
  const next = random(7)
  const segment = () => ['a', 'b', 'ab', 'aa', 'c/', '/', 'a/', '.x'][next(8)]!
  const text = (parts: number) => Array.from({ length: parts }, segment).join('')
  const level = (prefix: string, depth: number): CoreLocConf[] => {
    const seen = new Set<string>()
    const all: CoreLocConf[] = []
    for (let i = next(6); i >= 0; i--) {
      const kind = ['', '', '', '= ', '^~ ', '~ '][next(6)]!
      const name = kind === '~ ' ? `${['a', 'b', 'ab', '/', 'x'][next(5)]}${next(2) === 0 ? '$' : ''}` : prefix + text(next(3) + (depth === 0 ? 0 : 1))
      const key = (kind === '= ' ? '=' : '') + name
      if (kind !== '~ ' && seen.has(key)) continue
      seen.add(key)
      const nested = depth < 2 && kind !== '= ' && next(3) === 0 ? level(kind === '~ ' ? name : name, depth + 1) : []
      all.push(location((next(4) === 0 ? '>' : '') + kind + name, nested))
    }
    return all
  }
  for (let round = 0; round < 1500; round++) {
    const root = server(...level('/', 0))
    for (let i = 0; i < 20; i++) {
      const uri = `/${text(next(5))}`
      const expected = naive(root, uri).found
      const found = root.locations === null ? null : root.locations.find(uri, request)
      assert.equal(found, expected, `${uri}: ${describe(found)} instead of ${describe(expected)}`)
    }
  }
})

test('ten thousand locations: each is found, and a search costs no more than the URI is long', () => {
  const next = random(3)
  const names = new Set<string>()
  while (names.size < 10_000) names.add(`/${['api', 'static', 'v1'][next(3)]}/${next(1_000_000).toString(36)}/${next(100)}`)
  const root = server(location('/'), ...[...names].map((name, i) => location((i % 2 === 0 ? '= ' : '') + name)))
  let i = 0
  for (const name of names) assert.equal(find(root, name), (i++ % 2 === 0 ? '= ' : '') + name)
  for (const name of names) assert.equal(find(root, name.slice(0, 5)), '/')
  // Counting character codes read says more than a clock: the trie must not look at each location.
  let reads = 0
  const counted = { length: 14, charCodeAt: (at: number) => { reads++; return '/static/zz/none'.charCodeAt(at) },
    startsWith: (label: string, at: number) => '/static/zz/none'.startsWith(label, at) }
  root.locations!.find(counted as unknown as string, request)
  assert.ok(reads <= 15, `${reads} characters read`)
})
