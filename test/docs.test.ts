/** What the pages say of this folder: links lead somewhere, and the README's lists are complete. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
/** Folders that hold what is made or fetched, not written. */
const made = new Set(['node_modules', 'build', 'dist', 'coverage'])

/** Every page below a folder, relative to the root. */
function pages(folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return made.has(entry.name) || entry.name.startsWith('.') ? [] : pages(path)
    return entry.name.endsWith('.md') ? [relative(root, path)] : []
  })
}

/** A page without its fenced and indented code and, unless they are kept, the code within lines. */
function prose(page: string, keep = false): string {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```/gm, '').replace(/^(?: {4}|\t).*$/gm, '')
  return keep ? text : text.replace(/`[^`\n]+`/g, '')
}

/** The anchors of a page's headings, as GitHub makes them: lower case, punctuation gone, blanks as hyphens, repeated ones numbered. */
function anchors(page: string): Set<string> {
  const found = new Set<string>()
  for (const [, heading] of prose(page, true).matchAll(/^#{1,6} +(.*?) *#*$/gm)) {
    const anchor = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    let name = anchor
    for (let n = 1; found.has(name); n++) name = `${anchor}-${n}`
    found.add(name)
  }
  return found
}

/** What is wrong with the relative links of a page. */
function broken(page: string): string[] {
  const wrong: string[] = []
  for (const [, link] of prose(page).matchAll(/\]\(\s*<?([^)\s>]+)/g)) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link!)) continue
    const [path, anchor] = link!.split('#') as [string, string?]
    const target = path === '' ? page : join(dirname(page), decodeURIComponent(path))
    if (target.startsWith('..') || !existsSync(join(root, target))) wrong.push(`${page}: there is no ${link}`)
    else if (anchor !== undefined && !(target.endsWith('.md') && anchors(target).has(anchor))) wrong.push(`${page}: no heading for ${link}`)
  }
  return wrong
}

test('every relative link of every page leads to a file, and to a heading of it', () => {
  const all = pages()
  assert.ok(all.includes('README.md') && all.includes('docs/guide.md') && all.includes('plugins-as/hello/README.md'))
  assert.deepEqual(all.flatMap(broken), [])
})

test('files of the repository that pages name are there', () => {
  const wrong: string[] = []
  for (const page of pages()) {
    for (const [, path] of prose(page, true).matchAll(/`((?:bench|docs|examples|host|plugins-as|sdk|test|tools)\/[\w./-]*\w)\/?`/g)) {
      if (!existsSync(join(root, path!))) wrong.push(`${page}: there is no ${path}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('the README links every page of docs/ and every shipped plugin, and each plugin has a page', () => {
  const links = [...prose('README.md').matchAll(/\]\(([^)\s#]+)/g)].map((match) => match[1]!)
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
  const plugins = readdirSync(join(root, 'plugins-as')).map((name) => `plugins-as/${name}/README.md`)
  assert.ok(docs.length > 10 && plugins.length > 15)
  assert.deepEqual([...docs, ...plugins].filter((path) => !links.includes(path)), [])
  assert.deepEqual(plugins.filter((path) => !existsSync(join(root, path))), [])
})

test('every npm script that the README names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const text = readFileSync(join(root, 'README.md'), 'utf8')
  const named = [...text.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[a-z]+)/g)].map((match) => match[1]!)
  assert.ok(named.length >= 4)
  assert.deepEqual(named.filter((name) => !(name in scripts)), [])
})
