// Keyboard, time zone and fresh times. Nothing here is needed: every action is a plain form or link.
"use strict";
document.documentElement.classList.add("script");
