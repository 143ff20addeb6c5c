import { Reader } from './json-reader'

/** What a JSON value is. */
export enum JsonKind { Null = 0, Bool = 1, Number = 2, String = 3, Array = 4, Object = 5 }

const noItems: Json[] = []
const noKeys: string[] = []

/** A JSON value (RFC 8259). Objects keep the order of their members; of two members with one name the last counts. */
export class Json {
  kind: JsonKind = JsonKind.Null
  private flag: bool = false
  private value: f64 = 0
  /** A string's text; a number's text as read, so that large ids come back digit by digit. */
  private source: string = ''
  /** Shared by all that hold nothing, as most values do. */
  private items: Json[] = noItems
  private keys: string[] = noKeys

  /** A value from a string, number or bool. */
  static of<T>(value: T): Json {
    const json = new Json()
    if (isString<T>()) {
      json.kind = JsonKind.String
      json.source = changetype<string>(value)
    } else if (isBoolean<T>()) {
      json.kind = JsonKind.Bool
      json.flag = <bool>value
    } else {
      json.kind = JsonKind.Number
      json.value = <f64>value
      if (isInteger<T>()) json.source = (<i64>value).toString()
      else json.source = numberText(<f64>value)
    }
    return json
  }

  /** null. */
  static none(): Json { return new Json() }

  /** An empty array. */
  static array(): Json {
    const json = new Json()
    json.kind = JsonKind.Array
    json.items = []
    return json
  }

  /** An empty object. */
  static object(): Json {
    const json = new Json()
    json.kind = JsonKind.Object
    json.items = []
    json.keys = []
    return json
  }

  /** Reads a whole text; null when it is not JSON, or nested more than 64 deep. */
  static parse(source: string): Json | null {
    const reader = new Reader(source)
    const value = reader.value(0)
    if (value === null) return null
    reader.space()
    return reader.at == source.length ? value : null
  }

  /** @internal */
  static number(value: f64, source: string): Json {
    const json = new Json()
    json.kind = JsonKind.Number
    json.value = value
    json.source = source
    return json
  }

  get isNull(): bool { return this.kind == JsonKind.Null }
  get isString(): bool { return this.kind == JsonKind.String }
  get isNumber(): bool { return this.kind == JsonKind.Number }
  get isArray(): bool { return this.kind == JsonKind.Array }
  get isObject(): bool { return this.kind == JsonKind.Object }

  /** A string's text; `''` for other kinds. */
  get text(): string { return this.kind == JsonKind.String ? this.source : '' }
  /** A number's value; NaN for other kinds. */
  get number(): f64 { return this.kind == JsonKind.Number ? this.value : NaN }
  /** True for `true` only. */
  get bool(): bool { return this.flag }
  /** How many items or members there are. */
  get length(): i32 { return this.items.length }

  /** Item `i` of an array, or the value of member `i`; null outside. */
  at(i: i32): Json | null { return <u32>i < <u32>this.items.length ? this.items[i] : null }
  /** The name of member `i`. */
  key(i: i32): string { return this.keys[i] }

  /** A member's value, or null. */
  get(name: string): Json | null {
    const i = this.keys.lastIndexOf(name)
    return i < 0 ? null : this.items[i]
  }

  /** Whether an object has a member. */
  has(name: string): bool { return this.keys.includes(name) }

  /** Adds an item to an array; returns the array. */
  push(item: Json): Json {
    if (this.items === noItems) this.items = []
    this.items.push(item)
    return this
  }

  /** Gives an object a member; returns the object. */
  set(name: string, item: Json): Json {
    const i = this.keys.lastIndexOf(name)
    if (i >= 0) this.items[i] = item
    else this.append(name, item)
    return this
  }

  /** @internal */
  append(name: string, item: Json): void {
    if (this.items === noItems) this.items = []
    if (this.keys === noKeys) this.keys = []
    this.keys.push(name)
    this.items.push(item)
  }

  /** The value as JSON text without blanks. */
  toString(): string {
    const out: string[] = []
    this.write(out)
    return out.join('')
  }

  private write(out: string[]): void {
    switch (this.kind) {
      case JsonKind.Bool: out.push(this.flag ? 'true' : 'false'); return
      case JsonKind.Number: out.push(this.source); return
      case JsonKind.String: out.push(quote(this.source)); return
      case JsonKind.Array: {
        for (let i = 0; i < this.items.length; i++) {
          out.push(i == 0 ? '[' : ',')
          this.items[i].write(out)
        }
        out.push(this.items.length == 0 ? '[]' : ']')
        return
      }
      case JsonKind.Object: {
        for (let i = 0; i < this.items.length; i++) {
          out.push(i == 0 ? '{' : ',')
          out.push(quote(this.keys[i]))
          out.push(':')
          this.items[i].write(out)
        }
        out.push(this.items.length == 0 ? '{}' : '}')
        return
      }
      default: out.push('null')
    }
  }
}

/** A number as JSON writes it; what JSON cannot write is null. */
function numberText(value: f64): string {
  if (!isFinite(value)) return 'null'
  if (Math.trunc(value) == value && Math.abs(value) < 1e15) return (<i64>value).toString()
  return value.toString()
}

/** A string as JSON text, in its quotes (RFC 8259 §7). */
function quote(source: string): string {
  let from = 0
  const out: string[] = ['"']
  for (let i = 0; i < source.length; i++) {
    const c = source.charCodeAt(i)
    if (c >= 32 && c != 34 && c != 92) continue
    if (i > from) out.push(source.substring(from, i))
    if (c == 34) out.push('\\"')
    else if (c == 92) out.push('\\\\')
    else if (c == 10) out.push('\\n')
    else if (c == 13) out.push('\\r')
    else if (c == 9) out.push('\\t')
    else out.push('\\u00' + (c < 16 ? '0' : '1') + '0123456789abcdef'.charAt(c & 15))
    from = i + 1
  }
  if (from == 0) return '"' + source + '"'
  out.push(source.substring(from))
  out.push('"')
  return out.join('')
}
