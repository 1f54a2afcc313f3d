#include <string>
#include <vector>

#include "cli/program.h"

int main(int count, char** words) {
  return velo::run_program(std::vector<std::string>(words + 1, words + count),
                           velo::process_console());
}
