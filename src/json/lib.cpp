// Compiles Boost.JSON: the static library of Debian cannot be linked into a shared library, since it is not
// position-independent.
#include <boost/json/src.hpp>
