/** Sizes of files, for people. */
const STEPS = ['KiB', 'MiB', 'GiB', 'TiB'] as const

export function sizeText(octets: number): string {
  if (octets === 0) return '0 KiB'
  let size = octets / 1024
  let step: (typeof STEPS)[number] = 'KiB'
  for (const next of STEPS.slice(1)) {
    if (size < 1024) break
    size /= 1024
    step = next
  }
  return `${size < 10 ? Math.max(size, 0.1).toFixed(1) : Math.round(size)} ${step}`
}

/** A name of a picture that a browser may show; the server decides by its octets, as `web/attachments.py` has it. */
export const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
