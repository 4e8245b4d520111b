const $ = (selector, within = document) => within.querySelector(selector)

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${response.statusText}`)
  return response.status === 204 ? undefined : response.json()
}

/** Runs what the user asked for; if it fails, the page says so. */
async function attempt(action) {
  try {
    await action()
    $('#error').textContent = ''
  } catch (error) {
    $('#error').textContent = error.message
  }
}

async function refresh() {
  const todos = await call('GET', '/todo')
  $('#list').replaceChildren(...todos.map(item))
}

const write = (method, path, body) => attempt(() => call(method, path, body).then(refresh))

function item({ id, task, isCompleted }) {
  const element = $('#item').content.cloneNode(true)
  const text = $('span', element)
  text.textContent = task
  text.classList.toggle('done', isCompleted)
  const [done, remove, history] = element.querySelectorAll('button')
  done.disabled = isCompleted
  done.onclick = () => write('PUT', '/todo/complete', { id })
  remove.onclick = () => write('DELETE', `/todo/${id}`)
  history.onclick = () => attempt(() => show(id, task))
  return element
}

async function show(id, task) {
  const changes = await call('GET', `/todo/${id}/history`)
  $('#title').textContent = `History of “${task}”`
  $('#history').replaceChildren(...changes.map(change))
  $('#drawer').showModal()
}

function change({ operation, changed, context, committed_at }) {
  const element = document.createElement('li')
  const line = (tag, text) => element.append(Object.assign(document.createElement(tag), { textContent: text }))
  line('strong', operation)
  line('small', `user ${context.userId ?? 'unknown'} · ${context.endpoint ?? ''} · ${new Date(committed_at).toLocaleString()}`)
  for (const [column, [before, after]] of Object.entries(changed ?? {})) {
    const was = operation === 'CREATE' ? '' : `${JSON.stringify(before)} → `
    line('div', `${column}: ${was}${JSON.stringify(after)}`)
  }
  return element
}

$('#new').onsubmit = async (event) => {
  event.preventDefault()
  const task = event.target.task.value
  event.target.reset() // at once: the next one may be typed meanwhile
  await write('POST', '/todo', { task, isCompleted: false })
}
await attempt(refresh)
