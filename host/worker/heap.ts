import { getHeapStatistics } from 'node:v8'

/** Bytes of this thread's JavaScript heap in use, and how many it may have. */
export function heapFacts(): { heap: number, heapLimit: number } {
  const { used_heap_size: heap, heap_size_limit: heapLimit } = getHeapStatistics()
  return { heap, heapLimit }
}
