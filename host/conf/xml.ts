import { XMLParser, XMLValidator } from 'fast-xml-parser'

/** An element: its name, attributes and text as they stand (references replaced), its elements in their order. */
export interface XmlElement {
  readonly name: string
  readonly attributes: readonly (readonly [string, string])[]
  readonly text: string
  readonly elements: readonly XmlElement[]
}

/** The most bytes of a document, elements in it, and elements within elements. */
const bounds = { size: 4 << 20, elements: 100_000, depth: 64 } as const
const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
/** What the parser calls text, CDATA, comments and attributes. */
const [textKey, cdataKey, commentKey, attributesKey] = ['#text', '#cdata', '#comment', ':@']

/**
 * Reads a document without a document type: its root element. Throws Error with a message that continues the file's name. Entities other than
 * the five of XML itself and character references are refused, and so is `<!DOCTYPE`, which could define them.
 */
export function readXml(source: string): XmlElement {
  const text = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source
  if (text.length > bounds.size) throw new Error(`it is longer than ${bounds.size} bytes`)
  if (/<!DOCTYPE/i.test(text.replace(/<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>/g, ''))) throw new Error('a document type (<!DOCTYPE …>) is not allowed')
  const valid = XMLValidator.validate(text)
  if (valid !== true) throw new Error(`${valid.err.msg.replace(/\.$/, '')} (line ${valid.err.line})`)
  const parser = new XMLParser({
    preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '', parseTagValue: false, parseAttributeValue: false, processEntities: false,
    trimValues: false, cdataPropName: cdataKey!, commentPropName: commentKey!, ignoreDeclaration: true, ignorePiTags: true, maxNestedTags: bounds.depth,
  } as object)
  let nodes: Node[]
  try {
    nodes = parser.parse(text) as Node[]
  } catch (error) {
    throw new Error((error as Error).message.replace(/^\[SECURITY\] /, ''), { cause: error })
  }
  const count = { elements: 0 }
  const roots = nodes.filter((node) => nameOf(node) !== null).map((node) => elementOf(node, count, 0))
  if (roots.length !== 1) throw new Error(roots.length === 0 ? 'it has no element' : 'it has more than one root element')
  return roots[0]!
}

type Node = Record<string, unknown>

function nameOf(node: Node): string | null {
  return Object.keys(node).find((key) => key !== textKey && key !== cdataKey && key !== commentKey && key !== attributesKey) ?? null
}

function elementOf(node: Node, count: { elements: number }, depth: number): XmlElement {
  const name = nameOf(node)!
  if (++count.elements > bounds.elements) throw new Error(`it has more than ${bounds.elements} elements`)
  if (depth >= bounds.depth) throw new Error(`its elements nest more than ${bounds.depth} deep`)
  let text = ''
  const elements: XmlElement[] = []
  for (const child of node[name] as Node[]) {
    if (textKey! in child) text += dereferenced(String(child[textKey!]))
    else if (cdataKey! in child) text += (child[cdataKey!] as Node[]).map((part) => String(part[textKey!])).join('')
    else if (nameOf(child) !== null) elements.push(elementOf(child, count, depth + 1))
  }
  const attributes = Object.entries((node[attributesKey!] ?? {}) as Record<string, string>).map(([key, value]) => [key, dereferenced(value)] as const)
  return { name, attributes, text, elements }
}

/** A text with its references replaced (XML 1.0 §4.1, §4.6). */
function dereferenced(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&([^;&\s]*;?)/g, (whole, reference: string) => {
    const name = reference.slice(0, -1)
    if (!reference.endsWith(';')) throw new Error(`"${whole}" is no reference; "&" itself is written "&amp;"`)
    if (Object.hasOwn(named, name)) return named[name]!
    const [, hex, decimal] = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name) ?? []
    const code = hex !== undefined ? parseInt(hex, 16) : Number(decimal ?? NaN)
    if (!(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) throw new Error(`entity "${whole}" is not allowed`)
    return String.fromCodePoint(code)
  })
}

/** All texts and attribute values of an element and those in it, trimmed. */
export function textsOf(element: XmlElement, into: (text: string) => void): void {
  into(element.text.trim())
  for (const [, value] of element.attributes) into(value)
  for (const child of element.elements) textsOf(child, into)
}

/** The compact form in which a plugin is given it: JSON, `[name, {attributes}, text, [elements]]`, texts trimmed. */
export function compactXml(element: XmlElement): string {
  return JSON.stringify(shape(element))
}

function shape({ name, attributes, text, elements }: XmlElement): unknown {
  return [name, Object.fromEntries(attributes), text.trim(), elements.map(shape)]
}
