/**
 * Writes licences.json beside the built pages: which packages are in them, with version, licence and home, as their own
 * package.json says. What is not in the bundle (tools, tests) is not in the list. The server reads it (licences.py).
 */
import { existsSync, readFileSync } from 'node:fs'

import type { Plugin } from 'vite'

export interface Part {
  name: string
  version: string
  licence: string
  home: string
}

interface Package {
  name?: string
  version?: string
  license?: string | { type?: string }
  licenses?: { type?: string }[]
  homepage?: string
  repository?: string | { url?: string }
}

/** The folder of the package that a module is of; '' for one of ours. */
export function folderOf(module: string): string {
  const path = module.replace(/^\0/, '').replace(/\?.*$/, '').replaceAll('\\', '/')
  const [, folder = ''] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return folder
}

/** git+https://github.com/vuejs/core.git → https://github.com/vuejs/core; one that no browser opens → ''. */
export function addressOf(written: string): string {
  const plain = written
    .replace(/^git\+/, '')
    .replace(/^git:\/\//, 'https://')
    .replace(/^(?:github:)?([\w.-]+\/[\w.-]+)$/, 'https://github.com/$1')
    .replace(/\.git$/, '')
  return /^https?:\/\//.test(plain) ? plain : ''
}

export function partOf(known: Package): Part {
  const { license, licenses, repository } = known
  const told = typeof license === 'string' ? license : (license?.type ?? licenses?.map((one) => one.type ?? '').join(' OR ') ?? '')
  const source = typeof repository === 'string' ? repository : (repository?.url ?? '')
  return {
    name: known.name ?? '',
    version: known.version ?? '',
    licence: told,
    home: addressOf(known.homepage ?? '') || addressOf(source),
  }
}

/** Of these modules, each package once, by name. */
export function partsOf(modules: Iterable<string>): Part[] {
  const folders = new Set([...modules].map(folderOf).filter(Boolean))
  const parts = new Map<string, Part>()
  for (const folder of folders) {
    const file = `${folder}/package.json`
    if (!existsSync(file)) continue
    const part = partOf(JSON.parse(readFileSync(file, 'utf-8')) as Package)
    parts.set(`${part.name} ${part.version}`, part)
  }
  return [...parts.values()].sort((one, other) => one.name.localeCompare(other.name, 'en'))
}

export function licences(): Plugin {
  return {
    name: 'callcenterd-licences',
    apply: 'build',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
      const source = `${JSON.stringify(partsOf(modules), null, 1)}\n`
      this.emitFile({ type: 'asset', fileName: 'licences.json', source })
    },
  }
}
