// Posts the secret of an invitation, which stands behind the # of its link and so is sent to no server by itself.
"use strict";
const form = document.getElementById("invitation");
const code = location.hash.slice(1);
if (form && code && !form.querySelector(".error")) {
  history.replaceState(null, "", location.pathname);
  form.elements.code.value = code;
  form.requestSubmit();
}
