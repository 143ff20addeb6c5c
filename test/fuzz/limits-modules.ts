/** Makes modules at random, valid and ending, in text form: what the rewriter must leave as it is. */

/** Numbers from a seed (mulberry32): `next(n)` is an integer from 0 to n − 1. */
export function random(seed: number): (n: number) => number {
  let state = seed >>> 0
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (((t ^ (t >>> 14)) >>> 0) % n)
  }
}

type Type = 'i32' | 'i64' | 'f64' | 'v128'
const types: readonly Type[] = ['i32', 'i64', 'f64', 'v128']

const binary: Record<Type, readonly string[]> = {
  i32: ['i32.add', 'i32.sub', 'i32.mul', 'i32.and', 'i32.xor', 'i32.shl', 'i32.shr_u', 'i32.rotl', 'i32.lt_s', 'i32.eq'],
  i64: ['i64.add', 'i64.sub', 'i64.mul', 'i64.or', 'i64.shr_s', 'i64.rotr'],
  f64: ['f64.add', 'f64.sub', 'f64.mul', 'f64.div', 'f64.min', 'f64.copysign'],
  v128: ['i8x16.add', 'i16x8.mul', 'i32x4.sub', 'v128.xor', 'i8x16.swizzle', 'f64x2.mul', 'i32x4.dot_i16x8_s'],
}

const unary: Record<Type, readonly (readonly [string, Type])[]> = {
  i32: [['i32.clz', 'i32'], ['i32.extend8_s', 'i32'], ['i32.wrap_i64', 'i64'], ['i32.trunc_sat_f64_s', 'f64'], ['i64.eqz', 'i64'], ['i32x4.extract_lane 2', 'v128']],
  i64: [['i64.popcnt', 'i64'], ['i64.extend_i32_u', 'i32'], ['i64.extend16_s', 'i64'], ['i64.trunc_sat_f64_u', 'f64'], ['i64x2.extract_lane 1', 'v128']],
  f64: [['f64.abs', 'f64'], ['f64.sqrt', 'f64'], ['f64.convert_i32_s', 'i32'], ['f64.convert_i64_u', 'i64']],
  v128: [['i32x4.splat', 'i32'], ['i64x2.splat', 'i64'], ['f64x2.splat', 'f64'], ['i8x16.abs', 'v128'], ['v128.not', 'v128']],
}

const loads: Record<Type, readonly string[]> = {
  i32: ['i32.load', 'i32.load8_s', 'i32.load16_u'], i64: ['i64.load', 'i64.load32_u'], f64: ['f64.load'], v128: ['v128.load', 'v128.load8_splat'],
}
const stores: Record<Type, readonly string[]> = { i32: ['i32.store', 'i32.store8'], i64: ['i64.store', 'i64.store16'], f64: ['f64.store'], v128: ['v128.store'] }

interface Signature { readonly params: readonly Type[], readonly result: Type }

/** One module in the making. */
class Maker {
  private readonly next: (n: number) => number
  private readonly signatures: Signature[] = []
  private locals: Type[] = []
  private labels: string[] = []
  private serial = 0
  private readonly own: number
  /** Which exception handling it uses: engines refuse both in one module. */
  private readonly handling: 'none' | 'try' | 'try_table'

  constructor(seed: number) {
    this.next = random(seed)
    this.own = 2 + this.next(6)
    this.handling = this.pick(['none', 'try', 'try_table'])
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.next(list.length)]!
  }

  module(): string {
    for (let i = 0; i < this.own; i++) this.signatures.push({ params: Array.from({ length: this.next(4) }, () => this.pick(types)), result: this.pick(types) })
    const functions = this.signatures.map((_, i) => this.function(i))
    const start = this.next(3) === 0 ? `(func $begin ${this.statement(-1, 2)}) (start $begin)` : ''
    return `(module
      (import "h" "log" (func $log (param i32) (result i32)))
      (memory (export "memory") 1 3) (table $t (export "table") 12 20 funcref) (table $u 4 funcref)
      (global $steps (mut i32) (i32.const ${this.pick([200, 1000, 4000])})) (global $g (mut i64) (i64.const 5)) (global $h (mut f64) (f64.const 0.5)) (global $r (mut funcref) (ref.func $log))
      (type $sig (func (param i32) (result i32))) ${this.handling === 'none' ? '' : '(tag $e (param i32)) (tag $f)'}
      (func $pair (param i32) (result i32 i64) (local.get 0) (global.get $g))
      (elem (table $t) (i32.const 0) func $log $again ${this.signatures.map((_, i) => `$f${i}`).join(' ')})
      (elem $passive func $again $log $again)
      (data (i32.const 32) "some text to begin with") (data $bytes "0123456789abcdef")
      (func $again (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func $step (if (i32.le_s (global.get $steps) (i32.const 0)) (then (unreachable))) (global.set $steps (i32.sub (global.get $steps) (i32.const 1))))
      ${functions.join('\n')} ${start}
      (func (export "run") (result i64) ${this.signatures.map(({ params, result }, i) =>
        `(global.set $g (i64.xor (i64.rotl (global.get $g) (i64.const 7)) ${this.fold(result, `(call $f${i} ${params.map((p) => this.constant(p)).join(' ')})`)}))`).join('\n')}
        (global.get $g)))`
  }

  /** A value of any type as an i64. */
  private fold(type: Type, text: string): string {
    return type === 'i64' ? text : type === 'i32' ? `(i64.extend_i32_s ${text})` : type === 'f64' ? `(i64.trunc_sat_f64_s ${text})` : `(i64x2.extract_lane 1 ${text})`
  }

  private function(index: number): string {
    const { params, result } = this.signatures[index]!
    const more = Array.from({ length: this.next(4) }, () => this.pick(types))
    this.locals = [...params, ...more]
    const body = Array.from({ length: 1 + this.next(4) }, () => this.statement(index, 4)).join(' ')
    const tail = index > 0 && this.next(5) === 0 ? this.signatures.slice(0, index).findIndex((s) => s.result === result) : -1
    const last = tail >= 0 ? `(return_call $f${tail} ${this.signatures[tail]!.params.map((p) => this.expression(index, p, 2)).join(' ')})` : this.expression(index, result, 4)
    const text = `(func $f${index} ${params.map((p) => `(param ${p})`).join(' ')} (result ${result}) ${more.map((l) => `(local ${l})`).join(' ')} (call $step) ${body} ${last})`
    this.locals = []
    return text
  }

  private constant(type: Type): string {
    switch (type) {
      case 'i32': return `(i32.const ${this.pick([0, 1, -1, 7, 65535, 2147483647, this.next(1 << 30)])})`
      case 'i64': return `(i64.const ${this.pick(['0', '-1', '9007199254740993', String(this.next(1 << 30))])})`
      case 'f64': return `(f64.const ${this.pick(['0', '-0.5', '1e300', 'inf', '3.25'])})`
      default: return `(v128.const i32x4 ${this.next(9)} ${this.next(1 << 30)} 0 -1)`
    }
  }

  private address(index: number, depth: number): string {
    const address = `(i32.and ${this.expression(index, 'i32', depth - 1)} (i32.const 0xfff))`
    // Now and then out of bounds: the trap must be the same.
    return this.next(400) === 0 ? `(i32.or ${address} (i32.const 0xffff))` : address
  }

  private expression(index: number, type: Type, depth: number): string {
    const local = this.locals.flatMap((t, i) => (t === type ? [i] : []))
    if (depth <= 0) return local.length > 0 && this.next(2) === 0 ? `(local.get ${this.pick(local)})` : this.constant(type)
    const inner = (t: Type): string => this.expression(index, t, depth - 1)
    switch (this.next(9)) {
      case 0: case 1: {
        const trapping = type === 'i32' ? ['i32.div_u', 'i32.rem_s'] : type === 'i64' ? ['i64.div_s'] : []
        return `(${this.pick(this.next(30) === 0 && trapping.length > 0 ? trapping : binary[type])} ${inner(type)} ${inner(type)})`
      }
      case 2: {
        const [op, from] = this.pick(unary[type])
        return `(${op} ${inner(from)})`
      }
      case 3: return `(${this.pick(loads[type])} ${this.address(index, depth)})`
      case 4: return `(if (result ${type}) ${inner('i32')} (then ${inner(type)}) (else ${this.statement(index, depth - 1)} ${inner(type)}))`
      case 5: return `(select ${inner(type)} ${inner(type)} ${inner('i32')})`
      case 6: {
        const callees = this.signatures.slice(0, Math.max(0, index)).flatMap((s, i) => (s.result === type ? [i] : []))
        if (callees.length > 0) {
          const callee = this.pick(callees)
          return `(call $f${callee} ${this.signatures[callee]!.params.map(inner).join(' ')})`
        }
        return type !== 'i32' ? inner(type) : this.pick([
          `(call $log ${inner('i32')})`, `(call_indirect (type $sig) ${inner('i32')} (i32.and ${inner('i32')} (i32.const 1)))`,
          '(memory.size)', `(memory.grow (i32.and ${inner('i32')} (i32.const 1)))`, `(table.grow $t (ref.null func) (i32.and ${inner('i32')} (i32.const 3)))`, '(table.size $t)',
          '(ref.is_null (global.get $r))', `(block (result i32) (call $pair ${inner('i32')}) (drop))`,
          `(block (result i32) ${inner('i32')} (i64.const 3) (block (param i32 i64) (result i32) (drop)))`,
        ])
      }
      case 7: {
        const label = `$b${this.serial++}`
        return `(block ${label} (result ${type}) (drop (br_if ${label} ${inner(type)} ${inner('i32')})) ${inner(type)})`
      }
      default: return type === 'i64' ? '(global.get $g)' : type === 'f64' ? '(global.get $h)' : inner(type)
    }
  }

  private statement(index: number, depth: number): string {
    const inner = (t: Type): string => this.expression(index, t, depth - 1)
    if (depth <= 0) return '(nop)'
    const many = (): string => Array.from({ length: 1 + this.next(3) }, () => this.statement(index, depth - 1)).join(' ')
    switch (this.next(this.handling === 'none' ? 12 : 14)) {
      case 0: case 1: {
        if (this.locals.length === 0) return `(global.set $g ${inner('i64')})`
        const at = this.next(this.locals.length)
        return `(local.set ${at} ${inner(this.locals[at]!)})`
      }
      case 2: {
        const type = this.pick(types)
        return `(${this.pick(stores[type])} ${this.address(index, depth)} ${inner(type)})`
      }
      case 3: case 4: {
        const label = `$l${this.serial++}`
        return `(loop ${label} (call $step) ${many()} (br_if ${label} (i32.and ${inner('i32')} (i32.const 1))))`
      }
      case 5: {
        const label = `$b${this.serial++}`
        this.labels.push(label)
        const body = many()
        this.labels.pop()
        return `(block ${label} ${body} (br_if ${label} ${inner('i32')}) ${this.statement(index, depth - 1)})`
      }
      case 6: return `(if ${inner('i32')} (then ${many()}) (else ${many()}))`
      case 7: return this.labels.length > 0
        ? `(br_table ${this.labels.join(' ')} ${this.labels[0]} (i32.and ${inner('i32')} (i32.const 7)))`
        : `(global.set $h ${inner('f64')})`
      case 8: {
        const length = this.pick(['(i32.const 0)', '(i32.const 9)', `(i32.and ${inner('i32')} (i32.const 0x7ff))`])
        return this.pick([
          `(memory.fill ${this.address(index, depth)} ${inner('i32')} ${length})`, `(memory.copy ${this.address(index, depth)} ${this.address(index, depth)} ${length})`,
          `(memory.init $bytes ${this.address(index, depth)} (i32.const 3) (i32.and ${inner('i32')} (i32.const 15)))`,
        ])
      }
      case 9: return this.pick([
        `(table.fill $u (i32.const 1) (ref.func $log) (i32.and ${inner('i32')} (i32.const 3)))`, '(table.copy $u $t (i32.const 0) (i32.const 1) (i32.const 3))',
        `(table.init $t $passive (i32.const 9) (i32.const 0) (i32.and ${inner('i32')} (i32.const 3)))`, '(table.set $t (i32.const 5) (ref.func $again))',
        '(global.set $r (table.get $u (i32.const 2)))',
      ])
      case 10: return `(drop ${inner(this.pick(types))})`
      case 11: return `(drop (call $log ${inner('i32')}))`
      default: return this.guarded(index, depth, many)
    }
  }

  /** Something that may throw, and what catches it, or does not. */
  private guarded(index: number, depth: number, many: () => string): string {
    const number = (): string => this.expression(index, 'i32', depth - 1)
    const body = `${many()} (if ${number()} (then ${this.pick([`(throw $e ${number()})`, '(throw $f)', '(nop)'])}))`
    const label = `$t${this.serial++}`
    const outer = `$t${this.serial++}`
    return this.pick(this.handling === 'try' ? [
      `(try (do ${body}) (catch $e (call $log) (drop)) (catch_all ${many()}))`,
      `(try (do ${body}) (catch $f ${many()}))`,
      `(try (do (try ${label} (do ${body}) (catch $e (drop) ${many()} (rethrow ${label})))) (catch_all ${many()}))`,
      `(try ${outer} (do (try (do ${body}) (delegate ${outer}))) (catch $e (call $log) (drop)))`,
    ] : [
      `(drop (call $log (block ${label} (result i32) (try_table (catch $e ${label}) ${body}) (i32.const 3))))`,
      `(block ${label} (try_table (catch $f ${label}) (catch_all ${label}) ${body}))`,
      `(block ${label} (drop (block ${outer} (result i32) (try_table (catch $e ${outer}) (catch $f ${label}) ${body}) (br ${label}))) ${many()})`,
    ])
  }
}

/** The text of a module: imports `h.log`, exports `run`, `memory`, `table`. */
export function makeModule(seed: number): string {
  return new Maker(seed).module()
}
