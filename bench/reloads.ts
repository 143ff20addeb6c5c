/** `node bench/reloads.ts [N]`: N (1000) replacements of a plugin under load, and the memory over them. Exit code 1 when anything was lost. */
import { soak } from './soak/soak.ts'

const count = Number(process.argv[2] ?? 1000)
const { seconds, reloads, answers, losses, memory } = await soak({
  reloads: count, between: 5, kinds: ['plugin', 'text', 'state', 'waiting', 'zone'], ways: ['plugin.reload', 'plugin.reload', 'core.reload'], tell: (line) => console.log(line),
})
console.log(`${seconds} s; ${JSON.stringify(reloads)}; ${JSON.stringify(answers)}`)
console.log(`resident kB: ${memory.join(' ')}`)
for (const loss of losses) console.log(loss)
process.exit(losses.length === 0 ? 0 : 1)
