/**
 * What stands in a television's address: /app/display?queues=sales,service&lang=en&look=light#TOKEN. The token stands
 * behind the #, which no browser sends, so that it is in no log; it goes in a header of each question.
 */
export function queuesOf(search: string): string {
  return new URLSearchParams(search).get('queues') ?? ''
}

export function tokenOf(hash: string): string {
  const token = hash.replace(/^#/, '')
  return /^[\w-]{1,200}$/.test(token) ? token : ''
}

/** That of the address, else the one that was chosen on this machine, else the browser's. */
export function languageOf(search: string, cookie: string, browser: string): 'zh-CN' | 'en' {
  const asked = new URLSearchParams(search).get('lang') ?? /(?:^|; )callcenterd_language=([^;]*)/.exec(cookie)?.[1] ?? browser
  return asked.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

/** What a television is pointed to. queues: none: those that it was made for. */
export function addressFor(origin: string, token: string, language: string, queues: readonly string[] = []): string {
  const wanted = new URLSearchParams({ lang: language })
  if (queues.length) wanted.set('queues', queues.join(','))
  return `${origin}/app/display?${wanted.toString().replaceAll('%2C', ',')}${token ? `#${token}` : ''}`
}
