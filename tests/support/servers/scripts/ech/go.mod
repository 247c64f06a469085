module ech

go 1.24
