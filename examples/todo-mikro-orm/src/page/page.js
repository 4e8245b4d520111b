const $ = (selector, within = document) => within.querySelector(selector)

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
  return response.status === 204 ? undefined : response.json()
}

async function refresh() {
  const todos = await call('GET', '/todo')
  $('#list').replaceChildren(...todos.map(item))
}

function item({ id, task, isCompleted }) {
  const element = $('#item').content.cloneNode(true)
  const text = $('span', element)
  text.textContent = task
  text.classList.toggle('done', isCompleted)
  const [done, remove, history] = element.querySelectorAll('button')
  done.onclick = () => call('PUT', '/todo/complete', { id }).then(refresh)
  remove.onclick = () => call('DELETE', `/todo/${id}`).then(refresh)
  history.onclick = () => show(id)
  return element
}

async function show(id) {
  const changes = await call('GET', `/todo/${id}/history`)
  $('#history').replaceChildren(...changes.map(change))
  $('#drawer').hidden = false
}

function change({ operation, changed, context, committed_at }) {
  const element = document.createElement('li')
  const line = (tag, text) => element.append(Object.assign(document.createElement(tag), { textContent: text }))
  line('strong', operation)
  line('span', ` by user ${context.userId ?? '?'}, ${context.endpoint ?? ''}, ${new Date(committed_at).toLocaleString()}`)
  for (const [column, [before, after]] of Object.entries(changed ?? {})) {
    line('div', `${column}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`)
  }
  return element
}

$('#new').onsubmit = async (event) => {
  event.preventDefault()
  await call('POST', '/todo', { task: event.target.task.value, isCompleted: false })
  event.target.reset()
  await refresh()
}
$('#close').onclick = () => ($('#drawer').hidden = true)
await refresh()
