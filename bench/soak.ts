/** `npm run soak [-- --minutes N]`: the soak test for some minutes (2); exit code 1 when anything was lost. */
import { parseArgs } from 'node:util'
import { soak } from './soak/soak.ts'

const usage = 'usage: npm run soak [-- --minutes N]   (600 at most, 2 when nothing is said)'

function minutes(): number | null {
  try {
    const { minutes } = parseArgs({ options: { minutes: { type: 'string', default: '2' } } }).values
    const number = Number(minutes)
    return number > 0 && number <= 600 ? number : null
  } catch {
    return null
  }
}

const time = minutes()
if (time === null) {
  process.stderr.write(`${usage}\n`)
  process.exit(2)
}
const { seconds, reloads, answers, losses, memory } = await soak({ milliseconds: time * 60_000, tell: (line) => console.log(line) })
const list = (counts: Readonly<Record<string, number>>): string => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ')
console.log(`${seconds} s`)
console.log(`reloads: ${list(reloads)}`)
console.log(`answers: ${list(answers)}`)
console.log(`resident kB: ${memory.join(' ')}`)
console.log(`losses: ${losses.length}`)
for (const loss of losses) console.log(`  ${loss}`)
process.exit(losses.length === 0 ? 0 : 1)
