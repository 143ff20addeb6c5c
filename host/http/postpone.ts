import type { Answer, Verdict } from '../module.ts'
import type { BodyPart } from './response.ts'
import type { Request } from './request.ts'
import type { SubrequestStream } from './streaming.ts'
import { readSync } from 'node:fs'
import { ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { systemFailure } from '../core/errors.ts'
import { passOn } from './output.ts'
import { requestSettled, subrequestDrained } from './nested.ts'

/** Where the body of a subrequest goes: into the response at its place, into one buffer, nowhere, or piece by piece to who reads it. */
export const Output = { Ordered: 0, Memory: 1, None: 2, Stream: 3 } as const
export type Output = (typeof Output)[keyof typeof Output]

/** Bytes that a request whose turn has not come may produce before it has to wait. */
const heldLimit = 65536

/** Is told once how a subrequest ended: its body when that was collected, OK or what broke it off; the answer counts instead of `rc`. */
export type SubrequestDone = (sr: Request, body: Buffer | null, rc: Verdict) => Verdict

/** What a main request with subrequests and all of them share. */
export class Tree {
  readonly main: Request
  /** The only one that may write to the client (nginx's `c->data`). */
  active: Request
  /** A part of the active one is on its way to a slow client, or is just being written. */
  writing = false
  /** Every subrequest of the main request so far; their objects are given back when it is over. */
  readonly all: Request[] = []
  /** Subrequests that are not through. */
  live = 0
  /** The main request's own handler is through. */
  finishing = false
  /** The client has the whole response; what still runs is not for it. */
  answered = false
  /** `post_action`: what is asked when the response is out; '' for nothing, or when that was done. */
  postAction = ''

  constructor(main: Request) {
    this.main = main
    this.active = main
  }
}

/** What a request has when it is a subrequest or has subrequests. */
export class Nest {
  readonly tree: Tree
  /** Subrequests around this one; 0 for the main request. */
  readonly depth: number
  output: Output
  /** Its failure is nobody's. */
  readonly background: boolean
  /** What waits for its turn: parts of this request, and subrequests at their places. */
  readonly queue: (BodyPart | Request)[] = []
  /** Bytes of the parts in `queue`. */
  held = 0
  /** Who waits until the queue is empty. */
  wakers: ((verdict: Verdict) => void)[] = []
  /** The collected body, when output is Memory. */
  readonly collected: Buffer[] = []
  size = 0
  /** Who reads the body, when output is Stream. */
  stream: SubrequestStream | null = null
  /** It has a place in its parent's queue, or had one. */
  placed = false
  done: SubrequestDone | null = null
  /** Its handler is through; the output may still wait for its turn. */
  over = false
  /** All is done. */
  complete = false

  constructor(tree: Tree, depth: number, output: Output, background: boolean) {
    this.tree = tree
    this.depth = depth
    this.output = output
    this.background = background
  }
}

function isRequest(item: BodyPart | Request): item is Request {
  return 'headersOut' in item
}

function lengthOf(part: BodyPart): number {
  return part.data !== null ? part.data.length : part.file !== null ? part.file.end - part.file.start : 0
}

/**
 * Where a part goes behind the filters of its own request (nginx's postpone filter): to the client when it is this request's turn, else it is
 * kept; a promise while too much is kept, and for stretches of a file, which is open only as long as its request.
 */
export function postpone(r: Request, part: BodyPart): Answer {
  const nest = r.nest!
  const { tree } = nest
  if (part.last) r.outputDone = true
  if (r !== tree.main) r.bytesSent += lengthOf(part)
  if (nest.output === Output.Memory) return collect(r, nest, part)
  if (nest.output === Output.None) return OK
  if (nest.output === Output.Stream) return nest.stream!.put(part)
  if (part.subrequest !== undefined) {
    place(nest, part.subrequest)
    return OK
  }
  if (tree.active === r && nest.queue.length === 0 && !tree.writing && tree.main.headerSent) return write(tree, r, part)
  nest.queue.push(part)
  nest.held += lengthOf(part)
  flushTree(tree)
  if (tree.main.finished) return ERROR
  if (nest.queue.length === 0 && !tree.writing) return OK
  if (part.file === null && nest.held <= heldLimit) return OK
  return new Promise((resolve) => nest.wakers.push(resolve))
}

/** Gives a subrequest its place: behind everything that its parent has put out so far. */
export function place(parent: Nest, sr: Request): void {
  const nest = sr.nest!
  if (nest.placed || nest.output !== Output.Ordered) return
  nest.placed = true
  parent.queue.push(sr)
  flushTree(parent.tree)
}

/** The part that stands for a subrequest's place in what a body filter returns; made of one that was created with `placed: false`. */
export function placeOf(sr: Request): BodyPart {
  return { data: null, file: null, last: false, flush: false, subrequest: sr }
}

function write(tree: Tree, r: Request, part: BodyPart): Answer {
  const { main } = tree
  tree.writing = true
  let rc: Answer
  try {
    // The end of a subrequest is not the end of the response.
    rc = passOn(main, r === main || !part.last ? part : { data: part.data, file: part.file, last: false, flush: part.flush })
  } catch (error) {
    rc = main.handlerFailed(error)
  }
  if (typeof rc === 'number') {
    tree.writing = false
    return rc
  }
  return rc.then((v) => v, (error: unknown) => main.handlerFailed(error)).then((v) => {
    tree.writing = false
    if (v === OK) kick(tree)
    return v
  })
}

/** Goes on outside of any handler. */
export function kick(tree: Tree): void {
  tree.main.connection.resume(tree.main, () => flushTree(tree))
}

/** Writes what may be written by now, and moves the turn on as requests end. */
export function flushTree(tree: Tree): void {
  const { main } = tree
  while (!tree.writing && main.headerSent && !main.finished) {
    const r = tree.active
    const nest = r.nest!
    const item = nest.queue.shift()
    if (item === undefined) {
      if (nest.wakers.length > 0) wake(nest, OK)
      if (r === main) return requestSettled(tree)
      if (!nest.over) return
      tree.active = r.parent!
      subrequestDrained(r)
    } else if (isRequest(item)) {
      if (!item.nest!.complete) tree.active = item
    } else {
      nest.held -= lengthOf(item)
      const rc = write(tree, r, item)
      if (rc === OK) continue
      if (typeof rc === 'number') failed(tree, rc)
      else rc.then((v) => { if (v !== OK) main.connection.resume(main, () => failed(tree, v)) })
      return
    }
  }
}

function failed(tree: Tree, rc: Verdict): void {
  tree.main.finalize(rc < 0 ? rc : ERROR)
}

/** Lets everybody go on who waited for this request's output. */
export function wake(nest: Nest, verdict: Verdict): void {
  const { wakers } = nest
  nest.wakers = []
  for (const resolve of wakers) resolve(verdict)
}

/** Keeps a body that is wanted in memory, up to subrequest_output_buffer_size. */
function collect(r: Request, nest: Nest, part: BodyPart): Answer {
  const length = lengthOf(part)
  if (length === 0) return OK
  const limit = r.location.subrequestOutputBufferSize
  const announced = r.headersOut.contentLength
  if (Math.max(announced, nest.size + length) > limit) {
    r.log(Level.error, announced > limit ? `too big subrequest response: ${announced}` : 'too big subrequest response')
    return ERROR
  }
  nest.size += length
  if (part.data !== null) nest.collected.push(part.data)
  else return readInto(r, nest, part.file!)
  return OK
}

function readInto(r: Request, nest: Nest, range: { fd: number, start: number, end: number }): Verdict {
  const buffer = Buffer.allocUnsafeSlow(range.end - range.start)
  let done = 0
  try {
    while (done < buffer.length) {
      const n = readSync(range.fd, buffer, done, buffer.length - done, range.start + done)
      if (n === 0) break
      done += n
    }
  } catch (error) {
    r.log(Level.crit, systemFailure('read()', error))
    return ERROR
  }
  if (done < buffer.length) {
    r.log(Level.alert, 'file was truncated while it was sent')
    return ERROR
  }
  nest.collected.push(buffer)
  return OK
}
