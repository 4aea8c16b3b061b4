import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import 'element-plus/theme-chalk/el-message.css'
import 'element-plus/theme-chalk/el-message-box.css'
import 'element-plus/theme-chalk/el-notification.css'
import './styles.css'
import './element.css'

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import App from './App.vue'
import { i18n } from './i18n'
import { followLook } from './look/look'
import { router } from './router'
import { useSession } from './session'
import { keepFocus } from './shell/keepFocus'
import { say } from './saying'

followLook()
keepFocus()
const app = createApp(App)
app.use(createPinia())
app.use(i18n)
// A fault in one part of a page is said and written down; the rest goes on (SYS-01).
app.config.errorHandler = (fault) => {
  console.error(fault)
  say.fault(fault)
}

// The router asks what the role may see: first know who it is. A 401 has left for the sign-in page by itself.
useSession()
  .load()
  .then(() => {
    app.use(router)
    app.mount('#app')
  })
  .catch((fault: unknown) => {
    console.error(fault)
    app.use(router)
    app.mount('#app')
  })
