// Prints docs/operations/reasons.md.
#include <iostream>

#include "tests/architecture/reasons_page.h"

int main() {
  std::cout << limpid::architecture::reasons_page();
  return 0;
}
