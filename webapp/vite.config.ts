import { fileURLToPath, URL } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'

import { licences } from './licences.ts'

/** The server answers under /app/; `npm run dev` asks a server (or dev/office.py) on this machine for the rest. */
const server = process.env.CALLCENTERD ?? 'http://127.0.0.1:8080'

export default defineConfig({
  base: '/app/',
  plugins: [
    vue(),
    Components({ dirs: ['src/parts'], dts: 'src/components.d.ts', resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
    licences(),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    // Messages are functions and plain text: no legacy API, no devtools in the pages that ship.
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    // Everything comes from files: a page with this policy (script-src 'self' 'nonce-…') may not inline modules.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    // The wall display is a page of its own: a television loads nothing of the application.
    rolldownOptions: { input: ['index.html', 'display.html'] },
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '/sign-in': server,
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    server: { deps: { inline: ['element-plus'] } },
    // A form takes half a second to mount, and several on a machine that does other things at the same time.
    testTimeout: 20_000,
  },
})
