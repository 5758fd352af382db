// Conveniences of the settings. Nothing here is needed.
"use strict";
for (const zone of document.querySelectorAll("select[data-guess-zone]")) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...zone.options].some((option) => option.value === here);
  if (known && zone.value === "UTC" && !document.querySelector(".wrong")) zone.value = here;
}
const onwards = document.querySelector("a[data-go]");
if (onwards) location.replace(onwards.href);
for (const field of document.querySelectorAll("[data-select]")) {
  field.addEventListener("focus", () => field.select());
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
    }
  });
}
