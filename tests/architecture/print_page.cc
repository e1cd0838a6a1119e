// Prints a page of the docs that is made from the sources: print_page reasons|state-machines
#include <iostream>
#include <string_view>

#include "tests/architecture/reasons_page.h"
#include "tests/architecture/state_machines_page.h"

int main(int argc, char** argv) {
  const std::string_view page = argc == 2 ? argv[1] : "";
  if (page == "reasons") {
    std::cout << limpid::architecture::reasons_page();
  } else if (page == "state-machines") {
    std::cout << limpid::architecture::state_machines_page();
  } else {
    std::cerr << "usage: print_page reasons|state-machines\n";
    return 2;
  }
  return 0;
}
