"use strict";
(() => {
  const controls = document.getElementById("controls");
  if (!controls) return;
  const [find, deep, count] = ["find", "deep", "count"].map((id) => document.getElementById(id));
  const chips = [...document.querySelectorAll("#sorts input")];
  const sections = [...document.querySelectorAll("section.application")];
  const objects = [...document.querySelectorAll("details.object")].map((element) => ({
    element,
    sorts: element.dataset.sorts.split(" "),
    name: `${element.firstElementChild.textContent} ${element.parentElement.firstElementChild.textContent}`
      .replace(/\s+/g, " ").toLowerCase(),
    text: null,
  }));

  const holds = (one, wanted) => {
    if (one.name.includes(wanted)) return true;
    if (!deep.checked) return false;
    one.text ??= one.element.textContent.toLowerCase();
    return one.text.includes(wanted);
  };

  const show = () => {
    const wanted = find.value.trim().replace(/\s+/g, " ").toLowerCase();
    const sorts = chips.filter((chip) => chip.checked).map((chip) => chip.value);
    let shown = 0;
    for (const one of objects) {
      const fits = (!sorts.length || sorts.some((sort) => one.sorts.includes(sort))) && (!wanted || holds(one, wanted));
      one.element.hidden = !fits;
      shown += fits;
    }
    const narrowed = Boolean(wanted || sorts.length);
    for (const section of sections) {
      section.hidden = narrowed && !section.querySelector("details.object:not([hidden])");
    }
    count.textContent = `${shown} of ${objects.length} objects shown`;
  };

  for (const chip of chips) {
    const number = objects.filter((one) => one.sorts.includes(chip.value)).length;
    chip.nextElementSibling.textContent = number;
    chip.parentElement.hidden = number === 0;
    chip.addEventListener("change", show);
  }
  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 120);
  });
  deep.addEventListener("change", show);
  document.getElementById("unfold").addEventListener("click", () => {
    for (const one of objects) if (!one.element.hidden) one.element.open = true;
  });
  document.getElementById("fold").addEventListener("click", () => {
    for (const one of objects) one.element.open = false;
  });
  if (objects.length === 1) objects[0].element.open = true;
  controls.hidden = false;
  show();
})();
