# bemi: a PostgreSQL extension in C++, built with PGXS.
#
#   make, make install, make installcheck      as for every extension; PG_CONFIG names the server
#   make demo, make demo-shell, make check     on a fresh machine: install the packages too
#   make check-long, make check-sanitized      longer loops; under ASan and UBSan
#   make check-regress                         PostgreSQL's own tests, with bemi and without
#   make check-packages                        Debian packages, built, installed and used in fresh trees
#   make ui, make screenshots                  the audit UI on a little shop; its pictures
#   make bench, make lint                      benchmarks; style
#
# It can be built in a folder of its own: make -f ../bemi/Makefile.

GOALS := demo demo-shell check check-long check-regress check-sanitized bench lint ui screenshots

# Where this file is. Packagers say so by VPATH, in which make would find the objects of an earlier build there, too.
override srcdir := $(or $(VPATH),$(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST)))))
override VPATH :=
vpath %.cpp $(srcdir)
vpath %.control $(srcdir)

ifneq ($(filter $(GOALS),$(MAKECMDGOALS)),)

# These bring up their own machine, so they must work before there is a pg_config; they call make again for the build.
.PHONY: $(GOALS)
$(GOALS):
	@$(srcdir)/.ci/$@

else

EXTENSION  = bemi
MODULE_big = bemi
# The script is built from its pieces; of the files beside it, those from one version to the next are sources.
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(srcdir)/bemi.control)
DATA       = $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/sql/bemi--*--*.sql))
DATA_built = sql/bemi--$(EXTVERSION).sql
OBJS       = $(patsubst $(srcdir)/%.cpp,%.o,$(wildcard $(srcdir)/src/*.cpp $(srcdir)/src/*/*.cpp $(srcdir)/src/*/*/*.cpp $(srcdir)/src/*/*/*/*.cpp))

REGRESS        = $(patsubst $(srcdir)/test/sql/%.sql,%,$(wildcard $(srcdir)/test/sql/*.sql))
REGRESS_OPTS   = --inputdir=$(srcdir)/test --outputdir=. --load-extension=bemi
ISOLATION      = $(patsubst $(srcdir)/test/specs/%.spec,%,$(wildcard $(srcdir)/test/specs/*.spec))
ISOLATION_OPTS = --inputdir=$(srcdir)/test --outputdir=. --load-extension=bemi

CXXSTD      = -std=c++20
# The default -g -O2 of the server's CXXFLAGS stays; WERROR=-Werror and SANITIZE=... come from .ci/.
PG_CPPFLAGS = -I$(srcdir)/src -MMD -MP
PG_CXXFLAGS = $(CXXSTD) -fvisibility=hidden -fvisibility-inlines-hidden -Wall -Wextra -Wno-unused-parameter \
              -Wno-register $(WERROR) $(SANITIZE)
SHLIB_LINK  = -lstdc++ -Wl,--version-script=$(srcdir)/src/bemi.map $(SANITIZE)
EXTRA_CLEAN = $(wildcard src/*.d src/*/*.d src/*/*/*.d src/*/*/*/*.d) .build-flags

# The server reaches our functions only through fmgr: bitcode for the JIT to inline would never be used.
override with_llvm := no

PG_CONFIG ?= pg_config
PGXS      := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error "$(PG_CONFIG) --pgxs" names no file. Install the development files of the server (Debian: \
    postgresql-server-dev-15, Fedora: postgresql-server-devel), or name its pg_config: make PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)

# The folder's own time tells of pieces that are gone.
PIECES := $(sort $(wildcard $(srcdir)/sql/bemi/*.sql))
$(DATA_built): $(PIECES) $(srcdir)/sql/bemi $(srcdir)/bemi.control
	@mkdir -p $(@D)
	cat $(PIECES) >$@

-include $(OBJS:.o=.d)

# For another version of the server, or with other flags, everything is compiled anew.
FLAGS := $(VERSION) $(CXX) $(SANITIZE)
$(OBJS): .build-flags
.build-flags: FORCE
	@mkdir -p $(sort $(dir $(OBJS)))
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@
FORCE:
.PHONY: FORCE

endif
