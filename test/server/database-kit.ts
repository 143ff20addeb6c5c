/** Real database servers for tests, each in a directory of its own on a unix socket, ended with the test. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseOf } from '../../host/db/database.ts'
import type { DbValue, Rows } from '../../host/db/types.ts'
import { DatabaseError } from '../../host/db/types.ts'
import { parseDatabaseUrl } from '../../host/db/url.ts'
import { findProgram } from '../programs.ts'
import { untilAsync } from './kit.ts'
import type { Test } from './kit.ts'

/** Database servers refuse to run as root: there they run as nobody. */
const nobody = 65534
const asRoot = process.getuid?.() === 0
const who = asRoot ? { uid: nobody, gid: nobody } : {}

function directory(t: Test, ends: (() => Promise<void>)[]): string {
  const path = mkdtempSync(join(tmpdir(), 'vespid-db-'))
  chmodSync(path, 0o755)
  if (asRoot) chownSync(path, nobody, nobody)
  t.after(async () => {
    for (const end of ends) await end()
    rmSync(path, { recursive: true, force: true, maxRetries: 10 })
  })
  return path
}

function finished(child: ChildProcess): Promise<{ code: number | null, output: string }> {
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { output += text })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { output += text })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

async function once(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await finished(spawn(findProgram(program)!, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd, ...who }))
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${output}`)
}

function serve(program: string, args: readonly string[], cwd: string, ends: (() => Promise<void>)[], signal: NodeJS.Signals): void {
  const child = spawn(findProgram(program)!, args, { stdio: 'ignore', cwd, ...who })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  ends.push(async () => {
    child.kill(signal)
    await ended
  })
}

/** Runs a statement through the host's own drivers; throws DatabaseError. */
export function ask(url: string, sql: string, params: readonly DbValue[] = [], options: { readonly rows?: number, readonly timeout?: number } = {}): Promise<Rows> {
  return new Promise((resolve, reject) => {
    databaseOf(parseDatabaseUrl(url)).ask({ sql, params, rows: options.rows ?? 100, bytes: 1 << 20, timeout: options.timeout ?? 60_000 }, (outcome) => {
      if (outcome instanceof DatabaseError) reject(outcome)
      else resolve(outcome)
    })
  })
}

async function ready(url: string): Promise<void> {
  let last = ''
  await untilAsync(() => ask(url, 'select 1').then(() => true, (error: Error) => {
    last = error.message
    return new Promise((resolve) => setTimeout(resolve, 20, false))
  }), () => `the database server does not answer: ${last}`)
}

/** A PostgreSQL server; its URL. */
export async function startPostgres(t: Test): Promise<string> {
  const ends: (() => Promise<void>)[] = []
  const path = directory(t, ends)
  await once('initdb', ['-D', join(path, 'data'), '-A', 'trust', '-U', 'vespid', '--no-sync', '-E', 'UTF8', '--locale=C'], path)
  serve('postgres', ['-D', join(path, 'data'), '-k', path, '-h', '', '-F', '-c', 'max_connections=20', '-c', 'shared_buffers=16MB'], path, ends, 'SIGINT')
  const url = `postgres://vespid@unix(${path})/postgres`
  await ready(url)
  return url
}

/** A MariaDB server with a database `pi`; its URL. */
export async function startMariadb(t: Test): Promise<string> {
  const ends: (() => Promise<void>)[] = []
  const path = directory(t, ends)
  mkdirSync(join(path, 'data'))
  if (asRoot) chownSync(join(path, 'data'), nobody, nobody)
  await once('mariadb-install-db', ['--no-defaults', `--datadir=${join(path, 'data')}`, '--auth-root-authentication-method=normal', '--skip-test-db', '--innodb-log-file-size=8M'], path)
  const socket = join(path, 's')
  serve('mariadbd', ['--no-defaults', `--datadir=${join(path, 'data')}`, `--socket=${socket}`, '--skip-networking', '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=8M', `--pid-file=${join(path, 'pid')}`], path, ends, 'SIGTERM')
  const server = `mysql://root@unix(${socket})/mysql`
  await ready(server)
  await ask(server, 'create database pi character set utf8mb4')
  return `mysql://root@unix(${socket})/pi`
}
