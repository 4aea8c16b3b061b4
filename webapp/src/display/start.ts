/** The wall display (/app/display): a page of its own, without the frame, a sign-in or a socket; a television keeps it. */
import '../styles.css'

import { createApp } from 'vue'
import { createI18n } from 'vue-i18n'

import { display as en } from '../locales/en/display'
import { display as zh } from '../locales/zh/display'
import { languageOf } from './address'
import DisplayPage from './DisplayPage.vue'

const language = languageOf(location.search, document.cookie, navigator.language)
document.documentElement.lang = language
createApp(DisplayPage)
  .use(createI18n({ legacy: false, locale: language, messages: { 'zh-CN': { display: zh }, en: { display: en } } }))
  .mount('#display')
