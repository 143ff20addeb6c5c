import { T_ERR_LEN, T_ERR_OFF, T_ERR_POS, T_ERR_PREV, T_ERR_PREV_LEN } from '../table'

/** Where the table lies in the core memory: memory.ts's tableOffset. */
const TABLE: usize = 4096

/** The head's region: offsets count from its start; the end is that of the bytes that are there. */
export let start: usize = 0
export let end: usize = 0

// @ts-ignore: decorator
@inline
export function region(from: usize, to: usize): void {
  start = from
  end = to
}

// @ts-ignore: decorator
@inline
export function put(word: i32, value: i32): void {
  store<i32>(TABLE + (<usize>word << 2), value)
}

// @ts-ignore: decorator
@inline
export function get(word: i32): i32 {
  return load<i32>(TABLE + (<usize>word << 2))
}

/** Writes an offset and a length at two neighbouring words. */
// @ts-ignore: decorator
@inline
export function putRange(word: i32, from: usize, to: usize): void {
  put(word, <i32>(from - start))
  put(word + 1, <i32>(to - from))
}

// @ts-ignore: decorator
@inline
export function putAbsent(word: i32): void {
  put(word, -1)
  put(word + 1, 0)
}

/** Sets every word from `from` to below `to` (a multiple of four words) to −1. */
// @ts-ignore: decorator
@inline
export function clear(from: i32, to: i32): void {
  for (let w = from; w < to; w += 4) v128.store(TABLE + (<usize>w << 2), i32x4.splat(-1))
}

/** Notes an error: its line, and the byte that shows it. Returns the code. */
export function refuse(code: i32, from: usize, to: usize, at: usize): i32 {
  put(T_ERR_OFF, <i32>(from - start))
  put(T_ERR_LEN, <i32>(to - from))
  put(T_ERR_POS, <i32>(at - start))
  put(T_ERR_PREV, -1)
  put(T_ERR_PREV_LEN, 0)
  return code
}
