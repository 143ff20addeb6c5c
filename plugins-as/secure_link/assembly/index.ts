import { Request, Template, Where, conf_of, directive, variable } from '@vespid/sdk'
import { hexDigit, wholeNumber } from '@vespid/sdk/ascii'
import { fromBase64 } from '@vespid/sdk/base64'
import { md5 } from './md5'

/** `secure_link`, `secure_link_md5`, or in their place `secure_link_secret`. */
class Conf {
  link: Template | null = null
  text: Template | null = null
  secret: string | null = null
}

const mixed = '"secure_link_secret" cannot be mixed with "secure_link" and "secure_link_md5"'

function setLink(conf: Conf, args: string[]): string | null {
  if (conf.link !== null) return 'is duplicate'
  conf.link = Template.compile(args[1])
  return conf.secret === null ? null : mixed
}

function setText(conf: Conf, args: string[]): string | null {
  if (conf.text !== null) return 'is duplicate'
  conf.text = Template.compile(args[1])
  return conf.secret === null ? null : mixed
}

function setSecret(conf: Conf, args: string[]): string | null {
  if (conf.secret !== null) return 'is duplicate'
  conf.secret = args[1]
  return conf.link === null && conf.text === null ? null : mixed
}

function merge(parent: Conf, child: Conf): void {
  if (child.secret !== null) return
  if (child.link === null) child.link = parent.link
  if (child.text === null) child.text = parent.text
  if (child.link === null && child.text === null) child.secret = parent.secret
}

const where = Where.Http | Where.Server | Where.Location
directive<Conf>('secure_link', where, 1, setLink, merge)
directive<Conf>('secure_link_md5', where, 1, setText, merge)
directive<Conf>('secure_link_secret', where, 1, setSecret, merge)

/** `1` for a good link, `0` for one that has expired, no value for others; with secure_link_secret the link itself. */
variable('secure_link', (r: Request): string | null => {
  const conf = conf_of<Conf>()
  const secret = conf.secret
  if (secret !== null) return linkWithSecret(r.unparsedUri, secret)
  const link = conf.link
  const text = conf.text
  if (link === null || text === null) return null
  const value = link.of(r)
  const comma = value.indexOf(',')
  const expires = comma < 0 ? 0 : seconds(value.substring(comma + 1))
  if (expires < 0) return null
  const given = decode(comma < 0 ? value : value.substring(0, comma))
  if (given === null || !same(given, md5(String.UTF8.encode(text.of(r))))) return null
  return expires != 0 && expires < Date.now() / 1000 ? '0' : '1'
}, null, false)

/** The time at which the link expires, in seconds since the epoch, as the link says. */
variable('secure_link_expires', (r: Request): string | null => {
  const link = conf_of<Conf>().link
  if (link === null) return null
  const value = link.of(r)
  const comma = value.indexOf(',')
  return comma < 0 || seconds(value.substring(comma + 1)) < 0 ? null : value.substring(comma + 1)
}, null, false)

/** A positive number in decimal, else −1. */
function seconds(text: string): i64 {
  const value = wholeNumber(text, 999999999999999999)
  return value == 0 ? -1 : value
}

/** `/PREFIX/HASH/LINK`: the link, when the hash is that of link and secret. */
function linkWithSecret(uri: string, secret: string): string | null {
  const first = uri.indexOf('/', 1)
  const second = first < 0 ? -1 : uri.indexOf('/', first + 1)
  if (second - first - 1 != 32 || second + 1 == uri.length) return null
  const link = uri.substring(second + 1)
  const sum = md5(String.UTF8.encode(link + secret))
  let different = 0
  for (let i = 0; i < 16; i++) {
    const high = hexDigit(uri.charCodeAt(first + 1 + 2 * i))
    const low = hexDigit(uri.charCodeAt(first + 2 + 2 * i))
    if (high < 0 || low < 0) return null
    different |= (high << 4 | low) ^ sum[i]
  }
  return different == 0 ? link : null
}

/** 16 bytes from base64url, with or without padding; null for anything else. */
function decode(text: string): Uint8Array | null {
  if (text.length > 24) return null
  let length = text.length
  while (length > 0 && text.charCodeAt(length - 1) == 61) length--
  if (length != 22) return null
  return fromBase64(text.substring(0, length), true)
}

/** Compares in a time that does not depend on where the difference is. */
function same(a: Uint8Array, b: Uint8Array): bool {
  let different = 0
  for (let i = 0; i < 16; i++) different |= a[i] ^ b[i]
  return different == 0
}
