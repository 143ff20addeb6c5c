// Runs what the page suggests. Everything is asked of the server that sent the page.
const element = (name, text = '') => Object.assign(document.createElement(name), { textContent: text })

/** A response as curl -i shows it. */
async function shown(response) {
  const type = response.headers.get('content-type') ?? ''
  const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
  const body = type.startsWith('image/') ? `(${(await response.arrayBuffer()).byteLength} bytes)` : await response.text()
  return `${response.status} ${response.statusText}\n${head}\n\n${body}`.trimEnd()
}

for (const item of document.querySelectorAll('.tries li[data-path]')) {
  const row = element('div')
  row.className = 'line'
  const pre = item.querySelector('pre')
  pre.replaceWith(row)
  const button = element('button', 'Run')
  row.append(pre, button)
  button.addEventListener('click', async () => {
    let out = item.querySelector('.out')
    if (out === null) item.append(out = element('pre'))
    try {
      const response = await fetch(item.dataset.path)
      out.className = response.ok ? 'out' : 'out bad'
      out.textContent = await shown(response)
    } catch {
      out.className = 'out bad'
      out.textContent = 'The server does not answer. Is it still running?'
    }
  })
}

/** The addresses on the page are the server's own, wherever it listens. */
for (const pre of document.querySelectorAll('pre')) pre.textContent = pre.textContent.replaceAll('http://127.0.0.1:8080', location.origin)

let serial = 0

async function call(method, params) {
  const response = await fetch('/rpc', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', method, params, id: ++serial }),
  })
  return response.json()
}

async function commands() {
  const form = document.getElementById('rpc')
  const { method, params } = form.elements
  const { result } = await call('system.describe')
  const readable = result.filter(({ effect }) => effect === 'read')
  for (const { name } of readable) method.append(element('option', name))
  method.value = 'core.version'
  const explain = () => { document.getElementById('usage').textContent = readable.find(({ name }) => name === method.value).usage }
  method.addEventListener('change', explain)
  explain()
  form.hidden = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const words = params.value.split(/\s+/).filter((word) => word !== '')
    const out = document.getElementById('answer')
    out.hidden = false
    try {
      const answer = await call(method.value, words.length === 0 ? undefined : words)
      out.className = answer.error === undefined ? 'out' : 'out bad'
      out.textContent = JSON.stringify(answer, null, 2)
    } catch {
      out.className = 'out bad'
      out.textContent = 'The server does not answer. Is it still running?'
    }
  })
}

async function numbers() {
  try {
    const text = await (await fetch('/status')).text()
    const [active, accepted, , requests] = text.match(/\d+/g)
    for (const [id, value] of Object.entries({ active, accepted, requests })) document.getElementById(id).textContent = Number(value).toLocaleString('en')
    document.querySelector('.numbers').hidden = false
  } catch {
    document.querySelector('.numbers').hidden = true
  }
}

commands().catch(() => {})
numbers()
setInterval(() => { if (!document.hidden) numbers() }, 2000)
