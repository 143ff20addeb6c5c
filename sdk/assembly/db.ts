import * as host from './vespid'
import * as text from './text'
import { result } from './waiting'

/** Which SQL a database speaks. */
export enum Dialect { Sqlite = 0, Postgres = 1, Mysql = 2 }
/** What a value of a database is. */
export enum Cell { Null = 0, Int = 1, Double = 2, Text = 3, Blob = 4, Time = 5 }

/** The parameters of a statement, for its `?` in their order. */
export class Params {
  private bytes: Uint8Array = new Uint8Array(256)
  private used: i32 = 4
  /** How many there are. */
  count: i32 = 0

  /** Adds NULL. */
  none(): Params {
    this.begin(Cell.Null, 0)
    return this
  }
  /** Adds a whole number. */
  int(value: i64): Params {
    store<i64>(this.begin(Cell.Int, 8), value)
    return this
  }
  double(value: f64): Params {
    store<f64>(this.begin(Cell.Double, 8), value)
    return this
  }
  text(value: string): Params { return this.put(Cell.Text, value) }
  /** Adds the text's bytes as bytes. */
  blob(value: string): Params { return this.put(Cell.Blob, value) }
  /** Adds a date and time, `YYYY-MM-DD HH:MM:SS`. */
  time(value: string): Params { return this.put(Cell.Time, value) }

  /** Adds all parameters of another list. */
  add(other: Params): Params {
    const size = other.used - 4
    if (size == 0) return this
    const at = this.begin(0, size - 1) - 1
    memory.copy(at, other.bytes.dataStart + 4, size)
    this.count += other.count - 1
    return this
  }

  /** Room for a value behind its kind. */
  private begin(kind: i32, size: i32): usize {
    const need = this.used + 1 + size
    if (need > this.bytes.length) {
      const more = new Uint8Array(max(need, this.bytes.length * 2))
      memory.copy(more.dataStart, this.bytes.dataStart, this.used)
      this.bytes = more
    }
    const at = this.bytes.dataStart + this.used
    store<u8>(at, kind)
    this.used = need
    this.count++
    return at + 1
  }

  private put(kind: i32, value: string): Params {
    const length = String.UTF8.byteLength(value)
    const at = this.begin(kind, 4 + length)
    store<u32>(at, length)
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at + 4)
    return this
  }

  /** @internal */
  done(): Uint8Array {
    store<u32>(this.bytes.dataStart, this.count)
    return this.bytes.subarray(0, this.used)
  }
}

/** What a statement gave. */
export class Rows {
  /** Why it failed; `''` when it did not. */
  error: string = ''
  /** The columns' names. */
  columns: string[] = []
  /** How many rows there are. */
  count: i32 = 0
  /** There would be more rows. */
  more: bool = false
  /** How many rows were changed. */
  affected: i64 = 0
  private bytes: ArrayBuffer = new ArrayBuffer(0)
  /** Where each value begins. */
  private places: Int32Array = new Int32Array(0)

  /** @internal */
  static read(count: i32): Rows {
    const rows = new Rows()
    const body = result()
    if (count < 0) {
      rows.error = body.toString()
      return rows
    }
    rows.count = count
    rows.bytes = body.owner!
    const base = changetype<usize>(rows.bytes)
    rows.affected = <i64>load<f64>(base)
    rows.more = (load<u32>(base, 8) & 1) != 0
    const columns = load<u32>(base, 12)
    let at = 16
    for (let i: u32 = 0; i < columns; i++) {
      const length = load<i32>(base + at)
      rows.columns.push(text.decode(base + at + 4, length))
      at += 4 + length
    }
    rows.places = new Int32Array(count * columns)
    for (let i = 0; i < rows.places.length; i++) {
      rows.places[i] = at
      const kind = <i32>load<u8>(base + at)
      at += kind == Cell.Null ? 1 : kind <= Cell.Double ? 9 : 5 + load<i32>(base + at + 1)
    }
    return rows
  }

  private at(row: i32, column: i32): usize { return changetype<usize>(this.bytes) + this.places[row * this.columns.length + column] }

  /** What a value is. */
  kind(row: i32, column: i32): Cell { return <Cell>load<u8>(this.at(row, column)) }
  isNull(row: i32, column: i32): bool { return this.kind(row, column) == Cell.Null }

  /** A value as a whole number, of doubles cut and of texts parsed; 0 for what is none. */
  int(row: i32, column: i32): i64 {
    const at = this.at(row, column)
    switch (<i32>load<u8>(at)) {
      case Cell.Int: return load<i64>(at + 1)
      case Cell.Double: return <i64>load<f64>(at + 1)
      case Cell.Null: return 0
      default: {
        const parsed = I64.parseInt(this.text(row, column))
        return parsed
      }
    }
  }

  /** A value as a number; NaN for what is none, 0 for NULL. */
  double(row: i32, column: i32): f64 {
    const at = this.at(row, column)
    switch (<i32>load<u8>(at)) {
      case Cell.Int: return <f64>load<i64>(at + 1)
      case Cell.Double: return load<f64>(at + 1)
      case Cell.Null: return 0
      default: return F64.parseFloat(this.text(row, column))
    }
  }

  /** A value as text (bytes read as UTF-8); `''` for NULL. */
  text(row: i32, column: i32): string {
    const at = this.at(row, column)
    switch (<i32>load<u8>(at)) {
      case Cell.Null: return ''
      case Cell.Int: return load<i64>(at + 1).toString()
      case Cell.Double: {
        const value = load<f64>(at + 1)
        return Math.trunc(value) == value && Math.abs(value) < 1e15 ? (<i64>value).toString() : value.toString()
      }
      default: return text.decode(at + 5, load<i32>(at + 1))
    }
  }

  /** Whether a value's bytes are UTF-8 without NUL: a text that can be shown and given back. */
  isText(row: i32, column: i32): bool {
    const at = this.at(row, column)
    if (<i32>load<u8>(at) != Cell.Blob) return true
    const length = load<i32>(at + 1)
    for (let i = 0; i < length; i++) if (load<u8>(at + 5 + i) == 0) return false
    const again = String.UTF8.encode(text.decode(at + 5, length))
    return again.byteLength == length && memory.compare(changetype<usize>(again), at + 5, length) == 0
  }
}

/** A database that the configuration lets the plugin use: `plugin NAME { allow db URL; }`. */
export class Database {
  private constructor(private readonly id: i32) {}

  /** Opens a database by its URL (`sqlite:///PATH`, `postgres://…`, `mysql://…`); null, and then `reason()` says why. It connects when it is first asked. */
  static open(url: string): Database | null {
    text.begin()
    text.put(url)
    const id = host.db_open(text.at, text.length)
    return id < 0 ? null : new Database(id)
  }

  get dialect(): Dialect { return <Dialect>host.db_dialect(this.id) }

  /** A name as SQL writes it, whatever stands in it; of `SCHEMA.TABLE` each part is a name. */
  quote(name: string): string {
    const parts = name.split('.')
    for (let i = 0; i < parts.length; i++) parts[i] = quoted(parts[i], this.dialect)
    return parts.join('.')
  }

  /**
   * Runs one prepared statement, `?` for each parameter, and waits for what it gives: at most `rows` rows (0: 1000), in at most `timeout` milliseconds
   * (0: 10000). Other requests are served meanwhile; when the client goes away, the statement is cancelled.
   */
  query(sql: string, params: Params = noParams, rows: i32 = 0, timeout: i32 = 0): Rows {
    text.begin()
    text.put(sql)
    const bytes = params.done()
    return Rows.read(host.db_query(this.id, text.at, text.length, bytes.dataStart, bytes.length, rows, timeout))
  }
}

const noParams = new Params()

function quoted(name: string, dialect: Dialect): string {
  if (dialect == Dialect.Mysql) return '`' + name.replaceAll('`', '``') + '`'
  // Without quotes PostgreSQL would read a plain name in lower case; so it is with them.
  const plain = dialect == Dialect.Postgres && isPlain(name)
  return '"' + (plain ? name.toLowerCase() : name).replaceAll('"', '""') + '"'
}

function isPlain(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    const letter = (c | 32) >= 97 && (c | 32) <= 122
    if (!letter && c != 95 && (i == 0 || c < 48 || c > 57)) return false
  }
  return name.length > 0
}
