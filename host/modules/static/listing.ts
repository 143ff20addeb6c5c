import { listingTime } from '../../core/httpdate.ts'
import { escapeJson } from '../../core/text.ts'
import { escapeName } from '../../expr/escape.ts'
import { escapeHtml, utf8Length, utf8Slice } from './escape.ts'

/** One file of a listing; the name is a byte string, the time in seconds since the epoch, the size in bytes. */
export interface Entry {
  readonly name: string
  readonly type: 'directory' | 'file' | 'other'
  readonly time: number
  readonly size: number
}

export type Format = 'html' | 'json' | 'jsonp' | 'xml'

/** How a listing is written. */
export interface ListingOptions {
  readonly format: Format
  /** Of the directory, decoded, ends in `/`. */
  readonly uri: string
  /** The JSONP function. */
  readonly callback: string
  readonly exactSize: boolean
  readonly localtime: boolean
  /** Names are UTF-8: their width is counted in characters. */
  readonly utf8: boolean
}

/** Names longer than this are cut. */
const nameWidth = 50

/** The listing of a directory's entries in their order, a byte string; nginx's text to the byte. */
export function listing(entries: readonly Entry[], options: ListingOptions): string {
  switch (options.format) {
    case 'json': return json(entries)
    case 'jsonp': return `/* callback */\r\n${options.callback}(${json(entries)});`
    case 'xml': return xml(entries)
    case 'html': return html(entries, options)
  }
}

function json(entries: readonly Entry[]): string {
  const lines = entries.map(({ name, type, time, size }) => {
    const at = new Date(time * 1000).toUTCString()
    const bytes = type === 'file' ? `, "size":${size}` : ''
    return `{ "name":"${escapeJson(name)}", "type":"${type}", "mtime":"${at}"${bytes} }`
  })
  return `[${lines.map((line, i) => `${i === 0 ? '' : ','}\r\n${line}`).join('')}\r\n]`
}

function xml(entries: readonly Entry[]): string {
  const lines = entries.map(({ name, type, time, size }) => {
    const at = new Date(time * 1000).toISOString().replace(/\.\d+Z/, 'Z')
    return `<${type} mtime="${at}"${type === 'file' ? ` size="${size}"` : ''}>${escapeHtml(name)}</${type}>\r\n`
  })
  return `<?xml version="1.0"?>\r\n<list>\r\n${lines.join('')}</list>\r\n`
}

function html(entries: readonly Entry[], options: ListingOptions): string {
  const uri = escapeHtml(options.uri)
  let text = `<html>\r\n<head><title>Index of ${uri}</title></head>\r\n<body>\r\n` +
    `<h1>Index of ${uri}</h1><hr><pre><a href="../">../</a>\r\n`
  for (const entry of entries) text += line(entry, options)
  return text + '</pre><hr></body>\r\n</html>\r\n'
}

function line({ name, type, time, size }: Entry, { exactSize, localtime, utf8 }: ListingOptions): string {
  const directory = type === 'directory'
  const width = utf8 ? utf8Length(name) : name.length
  let shown: string
  if (width > nameWidth) {
    const start = utf8 ? utf8Slice(name, nameWidth - 3) : name.slice(0, nameWidth - 3)
    shown = `${escapeHtml(start)}..&gt;</a>`
  } else {
    const slash = directory && width < nameWidth ? '/' : ''
    shown = `${escapeHtml(name)}${slash}</a>${' '.repeat(nameWidth - width - slash.length)}`
  }
  const offset = localtime ? -60 * new Date(time * 1000).getTimezoneOffset() : 0
  const bytes = (directory ? '-' : exactSize ? String(size) : shortSize(size)).padStart(exactSize ? 19 : 7)
  return `<a href="${escapeName(name)}${directory ? '/' : ''}">${shown} ${listingTime(time, offset)} ${bytes}\r\n`
}

/** A size in K, M or G, rounded; bytes up to 9999. */
function shortSize(size: number): string {
  if (size <= 9999) return String(size)
  const [unit, letter] = size > 1073741823 ? [1073741824, 'G'] : size > 1048575 ? [1048576, 'M'] : [1024, 'K']
  return `${Math.floor(size / unit) + (size % unit > unit / 2 - 1 ? 1 : 0)}${letter}`
}
